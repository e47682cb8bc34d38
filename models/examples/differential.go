package examples

import (
	"errors"

	"euryale/layers"
	"euryale/models"
)

// Differential is a GPT whose attention weights are the difference of two softmaxes, so
// that common attention cancels (Ye et al. 2024, eq. 1).
type Differential struct {
	models.Sizes
	Layers int `toml:"layers"`
	Heads  int `toml:"heads"`
	Dim    int `toml:"dim"`
}

func init() {
	models.Register("differential", "GPT with differential attention", func() models.Model {
		return &Differential{Sizes: models.Sizes{Context: 64}, Layers: 2, Heads: 4, Dim: 64}
	})
}

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *Differential) Logits(s *layers.Scope, tokens *layers.Node) *layers.Node {
	x := layers.Embedding(s.Sub("tok"), tokens, c.Vocab, c.Dim) // (B·T, D)
	x = layers.Add(s, x, layers.Positions(s.Sub("pos"), c.Context, c.Dim))
	for i := range c.Layers {
		x = s.Sub("h%d", i).Block(x, c.block)
	}
	return layers.Head(s.Sub("head"), layers.LayerNorm(s.Sub("ln"), x), c.Vocab)
}

// block adds attention, then a gated MLP, to the residual stream.
//
//	x: (B·T, D) → (B·T, D)
func (c *Differential) block(s *layers.Scope, x *layers.Node) *layers.Node {
	x = layers.PreNorm(s.Sub("att"), x, 0, c.attention)
	return layers.PreNorm(s.Sub("mlp"), x, 0, func(s *layers.Scope, x *layers.Node) *layers.Node {
		return layers.GatedMLP(s, x, 2*c.Dim)
	})
}

// attention returns (softmax₁ − λ·softmax₂)·v, with a learned λ.
//
//	x: (B·T, D) → (B·T, D)
func (c *Differential) attention(s *layers.Scope, x *layers.Node) *layers.Node {
	weights := func(s *layers.Scope) *layers.Node { // (B·T, H·C)
		q, k := layers.Linear(s.Sub("q"), x, c.Dim), s.History("keys", layers.Linear(s.Sub("k"), x, c.Dim))
		return layers.Softmax(s, layers.Mask(s, layers.Scores(s, q, k, c.Heads), s.CausalLengths(), c.Heads), c.Heads)
	}
	lambda := s.Param("lambda", layers.Fill(0.5), 1, 1)
	w := layers.Sub(s, weights(s.Sub("one")), layers.Mul(s, weights(s.Sub("two")), lambda))
	v := s.History("values", layers.Linear(s.Sub("v"), x, c.Dim))
	y := layers.RMSNorm(s.Sub("headnorm"), layers.Mix(s, w, v, c.Heads))
	return s.Out(layers.Project(s.Sub("proj"), y, c.Dim))
}

// Check returns an error if the settings are invalid.
func (c *Differential) Check() error {
	return errors.Join(models.CheckBlocks(c.Layers, c.Heads, c.Dim, 0, 0), c.Sizes.Check())
}
