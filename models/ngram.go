package models

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/models/ngram"
)

// NGram is the n-gram baseline: counts of n-grams, interpolated (Chen and Goodman 1998).
// It is a Predictor and has no graph. Until it has learned, every token is equally likely.
type NGram struct {
	Sizes
	Order int `toml:"order"` // n: a token is predicted from the n−1 before it

	counts *ngram.Model // nil until it has learned
}

func init() {
	Register("ngram", "n-gram counts with modified Kneser–Ney smoothing: a baseline, not a graph", func() Model {
		return &NGram{Sizes: Sizes{Context: 64}, Order: 5}
	})
}

// Logits fails: the model has no graph.
func (c *NGram) Logits(s *layers.Scope, _ *G.Node) *G.Node {
	s.Fail("an n-gram model consists of counts: it has no graph, no parameters and no gradients")
	return nil
}

// Check returns an error if the settings are invalid.
func (c *NGram) Check() error {
	if c.Order < 1 || c.Order > ngram.MaxOrder {
		return fmt.Errorf("model: order = %d, want 1 to %d", c.Order, ngram.MaxOrder)
	}
	return c.Sizes.Check()
}

// with returns a copy of c that predicts from counts.
func (c *NGram) with(counts *ngram.Model) *NGram {
	return &NGram{Sizes: c.Sizes, Order: c.Order, counts: counts}
}

// Learn counts the n-grams of a text: see Predictor.
func (c *NGram) Learn(read func(add func(tokens, targets []int, fresh bool) error) error) (Predictor, error) {
	counter, err := ngram.NewCounter(c.Vocab, c.Order)
	if err != nil {
		return nil, err
	}
	if err := read(counter.Read); err != nil {
		return nil, err
	}
	counts, err := counter.Model()
	if err != nil {
		return nil, err
	}
	return c.with(counts), nil
}

// LogProb returns the log-probability of a token after a history, in nats.
func (c *NGram) LogProb(history []int, id int) (float64, error) {
	if c.counts == nil {
		return -math.Log(float64(c.Vocab)), nil
	}
	return c.counts.LogProb(history, id)
}

// LogProbs writes the log-probability of every token after a history into out (V), in
// nats.
func (c *NGram) LogProbs(history []int, out []float32) error {
	if c.counts == nil {
		for i := range out {
			out[i] = -float32(math.Log(float64(c.Vocab)))
		}
		return nil
	}
	return c.counts.LogProbs(history, out)
}

// Describe returns a table of how many different n-grams were counted, by length.
func (c *NGram) Describe() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "tokens\tdifferent n-grams\t")
	all := 0
	if c.counts != nil {
		for i, n := range c.counts.Grams() {
			fmt.Fprintf(t, "%d\t%d\t\n", i+1, n)
			all += n
		}
	}
	fmt.Fprintf(t, "all\t%d\t\n", all)
	t.Flush() // into memory
	return b.String()
}

// Save writes the counts as safetensors.
func (c *NGram) Save(path string) error {
	if c.counts == nil {
		return errors.New("the ngram model has not counted anything yet: train it first")
	}
	return c.counts.Save(path)
}

// Load returns a copy of c with the counts in a file, which must be of its vocabulary and
// order.
func (c *NGram) Load(path string) (Predictor, error) {
	counts, err := ngram.Load(path)
	if err != nil {
		return nil, err
	}
	if counts.Vocab() != c.Vocab || counts.Order() != c.Order {
		return nil, fmt.Errorf("%s has counts of %d tokens from a vocabulary of %d, and the configuration wants %d from %d", path, counts.Order(), counts.Vocab(), c.Order, c.Vocab)
	}
	return c.with(counts), nil
}
