package models

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// GPT is a decoder-only Transformer with the architecture of GPT-2 (Radford et al. 2019).
type GPT struct {
	Sizes
	Layers     int               `toml:"layers"`     // blocks
	Heads      int               `toml:"heads"`      // H, must divide Dim
	Dim        int               `toml:"dim"`        // D
	Hidden     int               `toml:"hidden"`     // inside the MLP; 0: 4·Dim
	Activation layers.Activation `toml:"activation"` // of the MLP
	Dropout    float64           `toml:"dropout"`
	Bias       bool              `toml:"bias"` // of Linear and LayerNorm
	Tied       bool              `toml:"tied"` // the head uses the embedding table

	AttentionOnly bool `toml:"attention_only"` // no MLPs: residual stream, attention, head (Elhage et al. 2021)
	Pointer       bool `toml:"pointer"`        // tokens are generated, or copied from earlier ones by the first head of the last block
}

func init() {
	Register("gpt", "decoder-only Transformer, GPT-2's arrangement", func() Model {
		return &GPT{Sizes: Sizes{Context: 64}, Layers: 4, Heads: 4, Dim: 128, Activation: "gelu", Bias: true, Tied: true}
	})
}

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *GPT) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	s = s.WithBias(c.Bias).WithInit(layers.Normal(0.02), layers.Normal(0.02/math.Sqrt(2*float64(c.Layers))))
	x := layers.Embedding(s.Sub("tok"), tokens, c.Vocab, c.Dim) // (B·T, D)
	x = layers.Add(s, x, layers.Positions(s.Sub("pos"), c.Context, c.Dim))
	x = s.Tap("embed", layers.Dropout(s.Sub("embed"), x, c.Dropout))
	for i := range c.Layers {
		x = s.Sub("h%d", i).Block(x, c.block)
	}
	x = layers.LayerNorm(s.Sub("ln"), x)
	logits := c.head(s.Sub("head"), x) // (B·T, V)
	if c.Pointer {
		weights := layers.FirstHead(s, fmt.Sprintf("h%d/att", c.Layers-1)) // (B·T, C)
		return layers.PointerHead(s.Sub("pointer"), logits, x, layers.TextTokens(s.Sub("pointer"), weights))
	}
	return logits
}

func (c *GPT) head(s *layers.Scope, x *G.Node) *G.Node {
	if c.Tied {
		return layers.TiedHead(s, x, "tok/W")
	}
	return layers.Head(s, x, c.Vocab)
}

// block adds attention, then an MLP unless AttentionOnly, to the residual stream.
//
//	x: (B·T, D) → (B·T, D)
func (c *GPT) block(s *layers.Scope, x *G.Node) *G.Node {
	att := layers.CausalSelfAttention(s.Sub("att"), layers.LayerNorm(s.Sub("ln1"), x), c.Heads, c.Dropout)
	x = layers.Residual(s.Sub("att"), x, att, c.Dropout)
	if !c.AttentionOnly {
		mlp := layers.MLP(s.Sub("mlp"), layers.LayerNorm(s.Sub("ln2"), x), mlpWidth(c.Hidden, c.Dim), c.Activation) // by way of (B·T, 4·D)
		x = layers.Residual(s.Sub("mlp"), x, mlp, c.Dropout)
	}
	return s.Out(s.Tap("resid", x))
}

// Check returns an error if the settings are invalid.
func (c *GPT) Check() error {
	if err := CheckBlocks(c.Layers, c.Heads, c.Dim, c.Hidden, c.Dropout); err != nil {
		return err
	}
	return c.Sizes.Check()
}
