package models

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// LSTM is a stack of long short-term memories (Hochreiter and Schmidhuber 1997; as a
// language model, Graves 2013).
type LSTM struct {
	Recurrent
	ForgetBias float64 `toml:"forget_bias"` // added to the initial values of the forget gates' biases
}

func init() {
	Register("lstm", "recurrent language model: long short-term memories", func() Model {
		return &LSTM{Recurrent: recurrentDefaults(), ForgetBias: 1}
	})
}

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *LSTM) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	return c.stack(s, tokens, "lstm", func(s *layers.Scope, x *G.Node) *G.Node {
		h, _ := layers.LSTM(s, x, layers.RecurrentConfig{Hidden: c.hidden(), ForgetBias: c.ForgetBias})
		return h
	})
}

// Check returns an error if the settings are invalid.
func (c *LSTM) Check() error {
	if math.IsNaN(c.ForgetBias) || math.IsInf(c.ForgetBias, 0) {
		return fmt.Errorf("model: forget_bias = %v, want a number", c.ForgetBias)
	}
	return c.Recurrent.Check()
}
