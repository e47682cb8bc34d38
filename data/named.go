package data

import (
	"os/exec"
	"path/filepath"
	"strings"
)

// opticksFile is Newton's Opticks in a Go installation, which carries it as test data.
const opticksFile = "src/testdata/Isaac.Newton-Opticks.txt"

// opticks finds the Go installation's copy of Newton's Opticks.
func opticks() (path string, ok bool) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", false // no Go on this machine: the caller has another corpus
	}
	path = filepath.Join(strings.TrimSpace(string(out)), filepath.FromSlash(opticksFile))
	return path, isFile(path)
}

// open prepares a corpus from a resolved configuration.
func open(c Config, tk TokenizerConfig, known Tokenizer, opts Options) (*Corpus, error) {
	origin := Info{Name: c.Name, Source: c.Name}
	path := c.Name
	if c.Name == "opticks" {
		var ok bool
		if path, ok = opticks(); ok {
			origin.Source, origin.Licence = "Isaac Newton, Opticks, from the Go installation's test data", "public domain"
		} else {
			c.Name = "tales"
			origin.Notes = append(origin.Notes, "the Go installation with Opticks was not found: these are tales instead")
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

// openFrom reads or generates rows or running text.
func openFrom(path string, c Config, tk TokenizerConfig, known Tokenizer, opts Options) (*Corpus, error) {
	generate := generators[c.Name]
	if c.isTable() {
		read := func() (*table, error) { return readTable(path, c) }
		if generate != nil {
			read = func() (*table, error) { return generate(c) }
		}
		t, err := read()
		if err != nil {
			return nil, err
		}
		return openTable(t, c, tk, known, opts)
	}
	text, err := openSource(path, c)
	if err != nil {
		return nil, err
	}
	return openText(text, c, tk, known, opts)
}

// openSource finds the files of a text, or generates it.
func openSource(path string, c Config) (text textSource, err error) {
	switch {
	case c.Name == "tales":
		text.memory = talesText(c)
	case generators[c.Name] != nil:
		_, err = generators[c.Name](c) // says which task it is made for
	default:
		text.files, err = textFiles(path)
	}
	return text, err
}

// isTable tells whether the task reads rows rather than running text.
func (c Config) isTable() bool { return c.Task != "lm" && c.Task != "mask" || c.Target != "" }
