package training

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/data"
	"euryale/data/tokenizer"
	"euryale/internal/ranks"
	"euryale/internal/runfile"
	"euryale/training/rundir"
)

// Origin is what a run keeps of its corpus, in data.json.
type Origin struct {
	Name        string `json:"name"` // data.name
	Source      string `json:"source"`
	Licence     string `json:"licence"` // empty if unknown
	Bytes       int64  `json:"bytes"`   // of text
	Train       int    `json:"train"`   // tokens to predict
	Valid       int    `json:"valid"`
	Test        int    `json:"test"`
	Fingerprint string `json:"fingerprint"` // see data.Corpus.Fingerprint

	Dropped map[string]int `json:"dropped,omitempty"` // training pairs that filters have dropped, by the filter's key
}

func originOf(c *data.Corpus) *Origin {
	i := c.Info
	o := &Origin{i.Name, i.Source, i.Licence, i.Bytes, i.Train, i.Valid, i.Test, c.Fingerprint(), nil}
	for _, d := range i.Dropped {
		if o.Dropped == nil {
			o.Dropped = map[string]int{}
		}
		o.Dropped[d.Name] += d.N
	}
	return o
}

// maxOrigin is the size of the largest data.json in bytes.
const maxOrigin = 1 << 20

// ReadOrigin reads what the run in dir keeps of its corpus; of a run of an earlier version, or one that was
// imported, it returns nil.
func ReadOrigin(dir string) (*Origin, error) {
	path := filepath.Join(dir, rundir.Data)
	raw, err := runfile.ReadBounded(path, maxOrigin)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var o Origin
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("%s: %w", path, runfile.JSONError(err))
	}
	return &o, nil
}

// check returns an error if a corpus is not the one that the run was trained on.
func (o *Origin) check(dir string, c *data.Corpus) error {
	if o == nil || o.Fingerprint == c.Fingerprint() {
		return nil
	}
	i := c.Info
	return fmt.Errorf("corpus %s has changed since %s was trained on it: it had %d bytes (%d tokens to train on, %d to validate on) and has %d (%d and %d); restore it, or measure a file with evaluate -score",
		i.Name, dir, o.Bytes, o.Train, o.Valid, i.Bytes, i.Train, i.Valid)
}

// keepOrigin writes the run's data.json, or compares it with the corpus if the run goes on.
func (r *Run) keepOrigin() error {
	known, err := ReadOrigin(r.Dir)
	if err != nil {
		return err
	}
	if known != nil {
		return known.check(r.Dir, r.Corpus)
	}
	return runfile.WriteAtomic(filepath.Join(r.Dir, rundir.Data), func(w io.Writer) error {
		j := json.NewEncoder(w)
		j.SetIndent("", " ")
		j.SetEscapeHTML(false)
		return j.Encode(originOf(r.Corpus))
	})
}

// OpenCorpus opens the corpus of the run. One that is not what the run was trained on is an error. The
// ranks of s check that they have the same program, configuration, data and weights.
func (s *Saved) OpenCorpus(opts data.Options) (*data.Corpus, error) {
	from := func(c data.Config, tk tokenizer.Config, known tokenizer.Tokenizer, o data.Options) (*data.Corpus, error) {
		o.Cache = opts.Cache
		return data.Open(c, tk, known, o)
	}
	corpus, err := openData(s.group(), s.Config.Data, s.Config.Tokenizer, s.Tokenizer, opts.Log, from)
	var known *Origin
	var failed error
	if s.Dir != "" {
		known, failed = ReadOrigin(s.Dir)
	}
	var unknown *tokenizer.UnknownError
	if errors.As(err, &unknown) && known != nil {
		return nil, fmt.Errorf("the corpus has changed since %s was trained on it: %w", s.Dir, err)
	}
	if err != nil {
		return nil, err
	}
	if err = failed; err == nil && s.Dir != "" {
		err = known.check(s.Dir, corpus)
	}
	if err = ranks.Agree(s.group(), err); err == nil {
		err = s.CheckSame(corpus)
	}
	if err != nil {
		return nil, errors.Join(err, corpus.Close())
	}
	return corpus, nil
}
