package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// RNN is a stack of simple recurrent networks (Elman 1990; as a language model, Mikolov
// et al. 2010).
type RNN struct {
	Recurrent
	Activation layers.Activation `toml:"activation"` // "tanh" or "relu"
}

func init() {
	Register("rnn", "recurrent language model: simple recurrent networks", func() Model {
		return &RNN{Recurrent: recurrentDefaults(), Activation: "tanh"}
	})
}

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *RNN) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	return c.stack(s, tokens, "rnn", func(s *layers.Scope, x *G.Node) *G.Node {
		h, _ := layers.RNN(s, x, layers.RecurrentConfig{Hidden: c.hidden(), Act: c.Activation})
		return h
	})
}

// Check returns an error if the settings are invalid.
func (c *RNN) Check() error {
	if c.Activation != "tanh" && c.Activation != "relu" {
		return fmt.Errorf("model: activation = %q, want tanh or relu", c.Activation)
	}
	return c.Recurrent.Check()
}
