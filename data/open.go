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
	origin := Info{Name: c.Name, Source: c.Name}
	path := c.Name
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
			return nil, err
		}
		path = found
		origin.Source, origin.Licence, origin.Notes = e.source, e.licence, notes
	}
	if generators[c.Name] != nil {
		origin.Source, origin.Licence = "generated", "MIT, as this program is"
	}
	corpus, err := openFrom(path, c, tk, known, opts)
	if err != nil {
		return nil, err
	}
	i := &corpus.Info
	i.Name, i.Source, i.Licence, i.Notes = origin.Name, origin.Source, origin.Licence, append(origin.Notes, i.Notes...)
	return corpus, nil
}

// openFrom reads or generates a table or running text, and tokenizes it.
func openFrom(path string, c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	generate := generators[c.Name]
	if path == c.Name && generate == nil { // a path, not a corpus whose columns are known
		records := c
		setDefault(&records.Ragged, "skip")
		s, err := record.Open(path, records.record(), task.PartWord)
		if err != nil {
			return nil, err
		}
		if s != nil {
			return openRecords(s, records, tk, known, opts)
		}
	}
	setDefault(&c.Ragged, "refuse")
	if c.task().HasRows() {
		read := func() (*task.Table, error) { return task.ReadTable(path, c.task()) }
		if generate != nil {
			read = func() (*task.Table, error) { return generate(c) }
		}
		t, err := read()
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

// openRecords reads the records of files for their task, and tokenizes them.
func openRecords(s *record.Set, c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	if s.Layout.Kind == record.Texts {
		return openDocuments(s, c, tk, known, opts)
	}
	t, named, err := task.ReadRecords(s, c.task())
	if err != nil {
		return nil, err
	}
	c.Source, c.Target, c.Key, c.Reply = named.Source, named.Target, named.Key, named.Reply
	return openTable(t, c, tk, known, opts)
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
