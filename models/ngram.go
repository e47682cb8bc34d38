package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// NGram is the n-gram baseline: smoothed n-gram counts (Chen and Goodman 1998). It has no graph:
// package ngram counts and predicts.
type NGram struct {
	Sizes
	Order int `toml:"order"` // n: a token is predicted from the n−1 before it
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
	if c.Order < 1 || c.Order > 16 {
		return fmt.Errorf("model: order = %d, want 1 to 16", c.Order)
	}
	return c.Sizes.Check()
}
