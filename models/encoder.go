package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// Encoder is a language model on a Transformer encoder: embedding plus learned positions with
// dropout, post-norm layers, a Linear to the vocabulary, as in PyTorch's tutorials on
// nn.TransformerEncoder.
//
// Without the causal mask every token attends to its whole sequence. Such a model is for
// predicting masked tokens (data.task "mask", as BERT: Devlin et al. 2018) or labelling tokens,
// and not for predicting the next token: building a program that decodes fails.
type Encoder struct {
	Sizes
	MaxLen     int               `toml:"max_len"` // rows of the table of positions, at least Context
	Layers     int               `toml:"layers"`
	Heads      int               `toml:"heads"` // H, must divide Dim
	Dim        int               `toml:"dim"`   // D
	Hidden     int               `toml:"hidden"`
	Activation layers.Activation `toml:"activation"`
	Dropout    float64           `toml:"dropout"`
	Causal     bool              `toml:"causal"` // tokens attend to earlier tokens only
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
	x = s.Tap("embed", layers.Dropout(s.Sub("embed"), x, c.Dropout))
	for i := range c.Layers {
		x = s.Sub("h%d", i).Block(x, c.layer)
	}
	return layers.Head(s.Sub("head"), x, c.Vocab)
}

// IsBidirectional reports whether tokens attend to later tokens.
func (c *Encoder) IsBidirectional() bool { return !c.Causal }

// layer declares one encoder layer.
//
//	x: (B·T, D) → (B·T, D)
func (c *Encoder) layer(s *layers.Scope, x *G.Node) *G.Node {
	x = layers.PostNorm(s.Sub("att"), x, c.Dropout, func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Attention(s, x, layers.AttentionConfig{Heads: c.Heads, Dropout: c.Dropout, Causal: c.Causal})
	})
	x = layers.PostNorm(s.Sub("mlp"), x, c.Dropout, func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.FeedForward(s, x, mlpWidth(c.Hidden, c.Dim), c.Activation, c.Dropout)
	})
	return s.Out(s.Tap("resid", x))
}

// Check returns an error if the settings are invalid.
func (c *Encoder) Check() error {
	if c.MaxLen < c.Context {
		return fmt.Errorf("model: max_len = %d is less than context = %d", c.MaxLen, c.Context)
	}
	if err := CheckBlocks(c.Layers, c.Heads, c.Dim, c.Hidden, c.Dropout); err != nil {
		return err
	}
	return c.Sizes.Check()
}
