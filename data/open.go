package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"

	"euryale/data/record"
	"euryale/data/task"
	"euryale/data/textfile"
	"euryale/data/tokenizer"
)

// opticksFile is Newton's Opticks, which a Go installation has as test data.
const opticksFile = "src/testdata/Isaac.Newton-Opticks.txt"

// opticks finds the Go installation's copy of Newton's Opticks.
func opticks() (path string, ok bool) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", false // Go is not installed: the caller falls back to another corpus
	}
	path = filepath.Join(strings.TrimSpace(string(out)), filepath.FromSlash(opticksFile))
	return path, textfile.IsFile(path)
}

// Open opens the corpus that c names. The tokenizer is known, or if that is nil the one that tk
// configures: a character vocabulary covers the whole text, merges are learned from the training
// part. The caller closes the corpus.
func Open(c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	c, err := c.resolve()
	if err != nil {
		return nil, err
	}
	if err := tk.Check(); err != nil {
		return nil, err
	}
	corpus, err := open(c, tk, known, opts)
	if err != nil {
		return nil, fmt.Errorf("corpus %s: %w", c.Name, err)
	}
	return corpus, nil
}

// open opens the corpus of a resolved configuration.
func open(c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	if c.Mix != "" {
		return openMix(c, tk, known, opts)
	}
	path, c, origin, err := c.locate(opts)
	if err != nil {
		return nil, err
	}
	corpus, err := openFrom(path, c, tk, known, opts)
	if err != nil {
		return nil, err
	}
	corpus.Info.setOrigin(origin)
	return corpus, nil
}

// setOrigin sets the name, the source, the licence and the first notes of i to those of origin.
func (i *Info) setOrigin(origin Info) {
	i.Name, i.Source, i.Licence, i.Notes = origin.Name, origin.Source, origin.Licence, append(origin.Notes, i.Notes...)
}

// locate returns the path of the corpus that c names, and its origin; of a generated one its name.
func (c Config) locate(opts Options) (path string, _ Config, origin Info, err error) {
	origin = Info{Name: c.Name, Source: c.Name}
	path = c.Name
	if c.Name == "opticks" {
		var ok bool
		if path, ok = opticks(); ok {
			origin.Source, origin.Licence = "Isaac Newton, Opticks, from the Go installation's test data", "public domain"
		} else {
			c.Name = "tales"
			origin.Notes = append(origin.Notes, "Opticks was not found, because Go is not installed: using generated tales instead")
		}
	}
	if e, ok := registry[c.Name]; ok {
		found, notes, err := e.find(c.Name, opts)
		if err != nil {
			return "", c, origin, err
		}
		path = found
		origin.Source, origin.Licence, origin.Notes = e.source, e.licence, notes
	}
	if generators[c.Name] != nil {
		origin.Source, origin.Licence = "generated", "MIT, as this program is"
	}
	return path, c, origin, nil
}

// openFrom reads or generates a table or running text, and tokenizes it.
func openFrom(path string, c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	s, c, err := openSet(path, c)
	if err != nil {
		return nil, err
	}
	if s != nil && s.Layout.Kind == record.Texts {
		return openDocuments(s, c, tk, known, opts)
	}
	if s != nil || c.task().HasRows() {
		t, c, err := readTable(path, s, c)
		if err != nil {
			return nil, err
		}
		return openTable(t, c, tk, known, opts)
	}
	text, notes, err := openSource(path, c)
	if err != nil {
		return nil, err
	}
	corpus, err := openText(text, c, tk, known, opts)
	if err != nil {
		return nil, err
	}
	corpus.Info.Notes = append(notes, corpus.Info.Notes...)
	return corpus, nil
}

// openSet opens the records at a path, or returns nil if it has none. It completes c by what is done about those that
// cannot be read.
func openSet(path string, c Config) (*record.Set, Config, error) {
	if path == c.Name && generators[c.Name] == nil { // a path, not a corpus whose columns are known
		records := c
		setDefault(&records.Ragged, "skip")
		s, err := record.Open(path, records.record(), task.PartWord)
		if err != nil || s != nil {
			return s, records, err
		}
	}
	setDefault(&c.Ragged, "refuse")
	return nil, c, nil
}

// readTable reads records, or if s is nil a file, or generates a table. It completes c by what the records name.
func readTable(path string, s *record.Set, c Config) (*task.Table, Config, error) {
	if s != nil {
		t, named, err := task.ReadRecords(s, c.task())
		c.Source, c.Target, c.Key, c.Reply = named.Source, named.Target, named.Key, named.Reply
		return t, c, err
	}
	if generate := generators[c.Name]; generate != nil {
		t, err := generate(c)
		return t, c, err
	}
	t, err := task.ReadTable(path, c.task())
	return t, c, err
}

// openSource lists the files of a text, or generates it. The notes say which files are skipped.
func openSource(path string, c Config) (text textfile.Source, notes []string, err error) {
	switch {
	case texts[c.Name] != nil:
		text.Memory = texts[c.Name](c)
	case generators[c.Name] != nil:
		_, err = generators[c.Name](c) // an error that names the task the corpus is for
	default:
		text.Files, notes, err = textfile.List(path)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s is neither a file, nor a directory, nor a named corpus (%s)", path, strings.Join(Names(), ", "))
		}
	}
	return text, notes, err
}
