package training

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"euryale/data"
	"euryale/data/tokenizer"
	"euryale/layers/graph"
	"euryale/models"
)

// The functions below begin a run without files in one line, as in a notebook:
//
//	run, err := training.OnText(text, model, "training.steps=300", "optimizer.lr=0.01")
//
// The settings are section.key=value, as for Parse. A nil model is the one that they name with
// model.name, or else the default.

// OnText begins a run on a text, whose last 1 − data.split is for validation.
func OnText(text string, m models.Model, sets ...string) (*Run, error) {
	return on(m, sets, func(c data.Config, tk tokenizer.Config, known tokenizer.Tokenizer, o data.Options) (*data.Corpus, error) {
		return data.FromText(text, c, tk, known, o)
	})
}

// OnPairs begins a run on sources and their answers; some of the sources are for validation.
func OnPairs(pairs [][2]string, m models.Model, sets ...string) (*Run, error) {
	return on(m, sets, func(c data.Config, tk tokenizer.Config, known tokenizer.Tokenizer, o data.Options) (*data.Corpus, error) {
		return data.FromPairs(pairs, c, tk, known, o)
	})
}

// OnCorpus begins a run on the named corpus or the file that data.name would name.
func OnCorpus(name string, m models.Model, sets ...string) (*Run, error) {
	return on(m, sets, func(c data.Config, tk tokenizer.Config, known tokenizer.Tokenizer, o data.Options) (*data.Corpus, error) {
		c.Name = name
		return data.Open(c, tk, known, o)
	})
}

func on(m models.Model, sets []string, from opener) (*Run, error) {
	c, err := ForModel(m, sets...)
	if err != nil {
		return nil, err
	}
	return new(Start).open(c, "", nil, from, (*Run).begin)
}

// ForModel returns the configuration that trains a model of one's own, with settings of the form
// section.key=value. A nil model is the one that they name with model.name.
func ForModel(m models.Model, sets ...string) (Config, error) {
	c, err := Parse("", sets)
	if err != nil {
		return c, err
	}
	if m != nil {
		for _, s := range sets {
			if key, _, _ := strings.Cut(s, "="); strings.HasPrefix(strings.TrimSpace(key), "model.") {
				return c, fmt.Errorf("%s sets a model, and another one is given: change that one, or leave it out (nil)", s)
			}
		}
		c.Model, c.ModelName = m, nameOf(m)
	}
	return c, c.Check()
}

// nameOf returns the name that the type of m is registered by, or "own".
func nameOf(m models.Model) string {
	if _, isDefined := m.(*models.Defined); isDefined { // several models have this type
		return "own"
	}
	for _, e := range models.Entries() {
		if reflect.TypeOf(e.New()) == reflect.TypeOf(m) {
			return e.Name
		}
	}
	return "own"
}

// NewOn begins a run without files on the caller's own batches, whose ids are below the
// model's vocab. It has no corpus: it is not evaluated and writes no samples.
func NewOn(c Config, batches data.Batcher) (*Run, error) {
	if c.Model == nil || batches == nil {
		return nil, errors.New("training.NewOn needs a model (Config.Model) and batches")
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	if err := c.Model.Check(); err != nil { // the vocabulary too
		return nil, fmt.Errorf("%w (batches of one's own come without a tokenizer: set the model's Vocab)", err)
	}
	if c.Training.BestBy != byLoss {
		return nil, noCorpus(fmt.Sprintf("training.best_by = %q", c.Training.BestBy))
	}
	if err := c.checkMemory(1); err != nil {
		return nil, err
	}
	r := &Run{Config: c.resolveSchedule(), Weights: graph.NewWeights(c.Training.Seed), verdict: verdict{best: math.Inf(1)}, batches: batches}
	if err := r.declare(); err != nil {
		return nil, err
	}
	return r, r.prepare()
}

// checkBatch checks the sizes of batch n, which the caller's own Batcher may have made.
func checkBatch(n int, b *data.Batch, source bool) error {
	switch {
	case b.B < 1 || b.T < 1 || b.S < 0 || (b.S > 0) != source:
		return fmt.Errorf("batch %d has B=%d sequences of T=%d tokens with sources of S=%d, want at least one of each (and S=0 for a model without an encoder)", n, b.B, b.T, b.S)
	case len(b.Tokens) != b.B*b.T || len(b.Targets) != b.B*b.T:
		return fmt.Errorf("batch %d has %d Tokens and %d Targets, want B·T = %d·%d of each", n, len(b.Tokens), len(b.Targets), b.B, b.T)
	case len(b.Source) != b.B*b.S:
		return fmt.Errorf("batch %d has %d Source tokens, want B·S = %d·%d", n, len(b.Source), b.B, b.S)
	case b.Fresh != nil && len(b.Fresh) != b.B:
		return fmt.Errorf("batch %d has a Fresh of %d values, want B = %d", n, len(b.Fresh), b.B)
	}
	return nil
}

// noCorpus is the error of what needs the corpus that a run of NewOn lacks.
func noCorpus(what string) error {
	return fmt.Errorf("%s needs a corpus, and this run has batches alone (training.NewOn): begin it with New, OnCorpus, OnText or OnPairs", what)
}
