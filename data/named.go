package data

import (
	"errors"
	"os"
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
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular()
}

// Names lists the corpora that can be asked for by name.
func Names() []string { return []string{"opticks"} }

// open prepares a corpus from a resolved configuration.
func open(c Config, tk TokenizerConfig, known Tokenizer, opts Options) (*Corpus, error) {
	info := Info{Name: c.Name, Source: c.Name}
	path := c.Name
	if c.Name == "opticks" {
		found, ok := opticks()
		if !ok {
			return nil, errors.New("no Go installation with src/testdata on this machine: give a path")
		}
		path = found
		info.Source, info.Licence = "Isaac Newton, Opticks (the Go installation's test data)", "public domain"
	}
	if c.isTable() {
		t, err := readTable(path, c)
		if err != nil {
			return nil, err
		}
		corpus, err := openTable(t, c, tk, known, opts)
		if err != nil {
			return nil, err
		}
		corpus.Info.Name, corpus.Info.Source, corpus.Info.Licence = info.Name, info.Source, info.Licence
		return corpus, nil
	}
	files, err := textFiles(path)
	if err != nil {
		return nil, err
	}
	job := &textJob{Config: c, tk: tk, known: known, opts: opts, files: files, limit: heldInMemory}
	tokenizer, tokens, h, err := job.open()
	if err != nil {
		return nil, err
	}
	split := int(h.Split)
	info.Bytes, info.Train, info.Valid = int64(h.Bytes), split, tokens.Len()-split
	return &Corpus{c, tokenizer, info, &textParts{tokens, split, c.Order == "sequential"}}, nil
}

// isTable tells whether the task reads rows rather than running text.
func (c Config) isTable() bool { return c.Task != "lm" || c.Target != "" }
