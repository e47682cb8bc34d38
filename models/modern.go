package models

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// Modern is a decoder-only Transformer with what came after GPT-2: each part is an option.
type Modern struct {
	Sizes
	Layers     int               `toml:"layers"`
	Heads      int               `toml:"heads"`       // H, must divide Dim
	Dim        int               `toml:"dim"`         // D
	Hidden     int               `toml:"hidden"`      // inside the MLP; 0: 4·Dim
	Norm       string            `toml:"norm"`        // "rms" (Zhang and Sennrich 2019) or "layer", without biases
	Activation layers.Activation `toml:"activation"`  // of the MLP: relu2 is that of Primer (So et al. 2021)
	RotaryBase float64           `toml:"rotary_base"` // rotary positions (Su et al. 2021); 0: learned ones
	QKNorm     bool              `toml:"qk_norm"`     // RMSNorm of queries and keys (Henry et al. 2020)
	Values     bool              `toml:"values"`      // value embeddings: a table of tokens added to each layer's values (Jordan et al. 2024)
	Window     int               `toml:"window"`      // keys that every second layer attends to (Beltagy et al. 2020); 0: all
	SoftCap    float64           `toml:"soft_cap"`    // limit of the logits (Gemma Team 2024); 0: none
	ZeroInit   bool              `toml:"zero_init"`   // projections to the residual stream begin as zeros (Zhang et al. 2019)
	Tied       bool              `toml:"tied"`        // the head uses the embedding table
	Dropout    float64           `toml:"dropout"`
}

func init() {
	Register("modern", "decoder-only Transformer with later parts: rotary positions, QK-norm, ReLU², …", func() Model {
		return &Modern{Sizes: Sizes{Context: 64}, Layers: 4, Heads: 4, Dim: 128, Norm: "rms", Activation: "relu2", RotaryBase: 10000, QKNorm: true, Values: true, SoftCap: 15, ZeroInit: true}
	})
}

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *Modern) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	s = s.WithBias(false).WithInit(layers.Normal(0.02), layers.Normal(0.02))
	if c.ZeroInit {
		s = s.WithInit(layers.Normal(0.02), layers.Fill(0))
	}
	x := layers.Embedding(s.Sub("tok"), tokens, c.Vocab, c.Dim) // (B·T, D)
	if c.RotaryBase == 0 {
		x = layers.Add(s, x, layers.Positions(s.Sub("pos"), c.Context, c.Dim))
	}
	x = s.Tap("embed", layers.Dropout(s.Sub("embed"), x, c.Dropout))
	for i := range c.Layers {
		x = s.Sub("h%d", i).Block(x, func(s *layers.Scope, x *G.Node) *G.Node { return c.block(s, x, tokens, i) })
	}
	x = c.norm(s.Sub("norm"), x)
	if c.Tied {
		x = layers.TiedHead(s.Sub("head"), x, "tok/W") // (B·T, V)
	} else {
		x = layers.Head(s.Sub("head"), x, c.Vocab)
	}
	if c.SoftCap > 0 {
		x = layers.SoftCap(s.Sub("head"), x, c.SoftCap)
	}
	return x
}

// block adds attention, then an MLP, to the residual stream.
//
//	x: (B·T, D) → (B·T, D)
func (c *Modern) block(s *layers.Scope, x, tokens *G.Node, i int) *G.Node {
	a := layers.AttentionConfig{Heads: c.Heads, Dropout: c.Dropout, Causal: true, Rotary: c.RotaryBase, QKNorm: c.QKNorm}
	if i%2 == 0 {
		a.Window = c.Window
	}
	if c.Values {
		a.Values = layers.Embedding(s.Sub("values"), tokens, c.Vocab, c.Dim)
	}
	x = layers.Residual(s.Sub("att"), x, layers.Attention(s.Sub("att"), c.norm(s.Sub("norm1"), x), a), c.Dropout)
	mlp := layers.MLP(s.Sub("mlp"), c.norm(s.Sub("norm2"), x), mlpWidth(c.Hidden, c.Dim), c.Activation)
	return s.Out(s.Tap("resid", layers.Residual(s.Sub("mlp"), x, mlp, c.Dropout)))
}

func (c *Modern) norm(s *layers.Scope, x *G.Node) *G.Node {
	if c.Norm == "layer" {
		return layers.LayerNorm(s, x)
	}
	return layers.RMSNorm(s, x)
}
