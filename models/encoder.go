package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// Encoder is a language model made of an encoder stack: embedding plus learned positions
// with dropout, post-norm layers, a Linear to the vocabulary. It is the model of
// PyTorch's nn.TransformerEncoder tutorials.
//
// Without the causal mask every token sees its whole sequence. Such a model restores hidden
// tokens (data.task "mask", as BERT does: Devlin et al. 2018) or labels those it sees; it
// predicts no next one, and building a program that decodes with it is an error.
type Encoder struct {
	Sizes
	MaxLen     int               `toml:"max_len"` // rows of the table of positions, at least Context
	Layers     int               `toml:"layers"`
	Heads      int               `toml:"heads"` // H, divides Dim
	Dim        int               `toml:"dim"`   // D
	Hidden     int               `toml:"hidden"`
	Activation layers.Activation `toml:"activation"`
	Dropout    float64           `toml:"dropout"`
	Causal     bool              `toml:"causal"` // a token sees none after it
}

func init() {
	Register("encoder", "stack of post-norm encoder layers with learned positions", func() Model {
		return &Encoder{Sizes: Sizes{Context: 64}, MaxLen: 5000, Layers: 2, Heads: 4, Dim: 128, Hidden: 2048, Activation: "relu", Dropout: 0.1, Causal: true}
	})
}

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *Encoder) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	x := layers.Embedding(s.Sub("tok"), tokens, c.Vocab, c.Dim) // (B·T, D)
	x = layers.Add(s, x, layers.Positions(s.Sub("pos"), c.MaxLen, c.Dim))
	x = layers.Dropout(s.Sub("embed"), x, c.Dropout)
	for i := range c.Layers {
		x = c.layer(s.Sub("h%d", i), x)
	}
	return layers.Head(s.Sub("head"), x, c.Vocab)
}

// IsBidirectional says that nothing hides a token's future from it.
func (c *Encoder) IsBidirectional() bool { return !c.Causal }

// layer is one encoder layer.
//
//	x: (B·T, D) → (B·T, D)
func (c *Encoder) layer(s *layers.Scope, x *G.Node) *G.Node {
	x = layers.PostNorm(s.Sub("att"), x, c.Dropout, func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Attention(s, x, layers.AttentionConfig{Heads: c.Heads, Dropout: c.Dropout, Causal: c.Causal})
	})
	return layers.PostNorm(s.Sub("mlp"), x, c.Dropout, func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.FeedForward(s, x, mlpWidth(c.Hidden, c.Dim), c.Activation, c.Dropout)
	})
}

// Check says what is wrong with the settings.
func (c *Encoder) Check() error {
	if c.MaxLen < c.Context {
		return fmt.Errorf("model: max_len = %d, and context = %d does not fit in it", c.MaxLen, c.Context)
	}
	if err := CheckBlocks(c.Layers, c.Heads, c.Dim, c.Hidden, c.Dropout); err != nil {
		return err
	}
	return c.Sizes.Check()
}
