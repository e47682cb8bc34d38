// Package models holds this module's models.
package models

import (
	"errors"

	"euryale/layers"
	"euryale/models"
)

// Gated is a GPT whose attention passes through a gate: each column of its output by as much
// as a sigmoid of the input says.
type Gated struct {
	models.Sizes
	Layers int `toml:"layers"`
	Heads  int `toml:"heads"`
	Dim    int `toml:"dim"`
}

func init() {
	models.Register("gated", "GPT with gated attention", func() models.Model {
		return &Gated{Sizes: models.Sizes{Context: 64}, Layers: 2, Heads: 4, Dim: 64}
	})
}

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *Gated) Logits(s *layers.Scope, tokens *layers.Node) *layers.Node {
	x := layers.Embedding(s.Sub("tok"), tokens, c.Vocab, c.Dim) // (B·T, D)
	x = layers.Add(s, x, layers.Positions(s.Sub("pos"), c.Context, c.Dim))
	for i := range c.Layers {
		x = s.Sub("h%d", i).Block(x, c.block)
	}
	return layers.Head(s.Sub("head"), layers.LayerNorm(s.Sub("ln"), x), c.Vocab) // (B·T, V)
}

// block adds attention, then a gated MLP, to the residual stream.
//
//	x: (B·T, D) → (B·T, D)
func (c *Gated) block(s *layers.Scope, x *layers.Node) *layers.Node {
	x = layers.PreNorm(s.Sub("att"), x, 0, c.attention)
	return layers.PreNorm(s.Sub("mlp"), x, 0, func(s *layers.Scope, x *layers.Node) *layers.Node {
		return layers.GatedMLP(s, x, 2*c.Dim)
	})
}

// attention is σ(x·W) ⊙ Attention(x).
//
//	x: (B·T, D) → (B·T, D)
func (c *Gated) attention(s *layers.Scope, x *layers.Node) *layers.Node {
	gate := layers.LinearAct(s.Sub("gate"), x, c.Dim, "sigmoid", false)
	return layers.Mul(s, gate, layers.CausalSelfAttention(s, x, c.Heads, 0))
}

// Check says what is wrong with the settings.
func (c *Gated) Check() error {
	return errors.Join(models.CheckBlocks(c.Layers, c.Heads, c.Dim, 0, 0), c.Sizes.Check())
}
