package examples

import (
	"fmt"

	"euryale/layers"
	"euryale/models"
)

// GatedLinear is a recurrent language model whose gates depend on the token only, so that a
// whole sequence is one linear scan: the minimal GRU of Feng et al. (2024, eq. 6 to 8), with a
// short convolution before it as in Mamba (Gu and Dao 2023).
type GatedLinear struct {
	models.Sizes
	Layers int `toml:"layers"`
	Dim    int `toml:"dim"`
}

func init() {
	models.Register("gated_linear", "recurrent language model: gated linear recurrences", func() models.Model {
		return &GatedLinear{Sizes: models.Sizes{Context: 64}, Layers: 2, Dim: 128}
	})
}

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *GatedLinear) Logits(s *layers.Scope, tokens *layers.Node) *layers.Node {
	x := layers.Embedding(s.Sub("tok").WithInit(layers.Normal(1), nil), tokens, c.Vocab, c.Dim) // (B·T, D)
	for i := range c.Layers {
		x = s.Sub("h%d", i).Block(x, c.block)
	}
	return layers.Head(s.Sub("head"), layers.LayerNorm(s.Sub("ln"), x), c.Vocab)
}

// block adds the recurrence to the residual stream.
//
//	x: (B·T, D) → (B·T, D)
func (c *GatedLinear) block(s *layers.Scope, x *layers.Node) *layers.Node {
	return layers.PreNorm(s, x, 0, c.recurrence)
}

// recurrence returns h_t = (1−z_t) ⊙ h_{t−1} + z_t ⊙ v_t.
//
//	x: (B·T, D) → (B·T, D)
func (c *GatedLinear) recurrence(s *layers.Scope, x *layers.Node) *layers.Node {
	x = layers.SiLU(s, layers.CausalConv(s.Sub("conv"), x, 4))
	z := layers.LinearAct(s.Sub("z"), x, c.Dim, "sigmoid", false)
	v := layers.Linear(s.Sub("v"), x, c.Dim)
	h := layers.LinearRecurrence(s.Sub("h"), layers.OneMinus(s, z), layers.Mul(s, z, v))
	return s.Out(layers.Project(s.Sub("proj"), h, c.Dim))
}

// Check returns an error if the settings are invalid.
func (c *GatedLinear) Check() error {
	if c.Layers < 1 || c.Dim < 1 {
		return fmt.Errorf("model: layers = %d, dim = %d, want at least 1", c.Layers, c.Dim)
	}
	return c.Sizes.Check()
}
