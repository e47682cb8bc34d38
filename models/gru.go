package models

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// GRU is a stack of gated recurrent units (Cho et al. 2014).
type GRU struct{ Recurrent }

func init() {
	Register("gru", "recurrent language model: gated recurrent units", func() Model { return &GRU{recurrentDefaults()} })
}

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *GRU) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	return c.stack(s, tokens, "gru", func(s *layers.Scope, x *G.Node) *G.Node {
		h, _ := layers.GRU(s, x, layers.RecurrentConfig{Hidden: c.hidden()})
		return h
	})
}
