package training

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/data"
	"euryale/data/tokenizer"
	"euryale/internal/ranks"
)

// openData opens a corpus. Of the ranks that share a file system one prepares its files, while
// the others wait; the prepared files are then read by all. From opens it.
func openData(g ranks.Group, c data.Config, tk tokenizer.Config, known tokenizer.Tokenizer, log io.Writer, from opener) (*data.Corpus, error) {
	opts := data.Options{Log: log}
	if g.Size() == 1 {
		return from(c, tk, known, opts)
	}
	if g.Rank() > 0 {
		opts.Log = nil
	}
	leader, err := leads(g, opts)
	if err != nil {
		return nil, err
	}
	var corpus *data.Corpus
	open := func(context.Context) (err error) {
		corpus, err = from(c, tk, known, opts)
		return err
	}
	var first, rest func(context.Context) error
	if leader {
		first = open
	} else {
		rest = open
	}
	for _, work := range []func(context.Context) error{first, rest} {
		if err := ranks.Together(context.Background(), g, work); err != nil {
			if corpus != nil {
				err = errors.Join(err, corpus.Close())
			}
			return nil, err
		}
	}
	return corpus, nil
}

// leads reports whether this rank is the first of those that share its cache directory: each leaves
// a file there, and looks for those of the ranks before it. A rank that cannot write its cache
// prepares what it needs in memory, by itself.
func leads(g ranks.Group, opts data.Options) (bool, error) {
	job := make([]byte, 8)
	if g.Rank() == 0 {
		rand.Read(job)
	}
	if err := g.Broadcast(job, 0); err != nil {
		return false, err
	}
	dir, err := opts.CacheDir()
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	name := func(rank int) string { return filepath.Join(dir, fmt.Sprintf(".rank-%x-%d", job, rank)) }
	if err == nil {
		err = os.WriteFile(name(g.Rank()), nil, 0o600)
	}
	if e := g.Barrier(); e != nil {
		return false, e
	}
	leader := true
	for rank := range g.Rank() {
		if _, found := os.Stat(name(rank)); err == nil && found == nil {
			leader = false
			break
		}
	}
	if e := g.Barrier(); e != nil {
		return false, e
	}
	if err == nil {
		_ = os.Remove(name(g.Rank()))
	}
	return leader, nil
}
