package models

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// Transformer is the encoder–decoder of "Attention Is All You Need" (Vaswani et al.
// 2017). The weights of the decoder's cross-attention are the taps "dec/h0/cross/weights" and
// so on, one for each layer.
type Transformer struct {
	Sizes
	Source     int               `toml:"source_context"` // S, the maximum length of a source in tokens
	Layers     int               `toml:"layers"`         // of the encoder, and of the decoder
	Heads      int               `toml:"heads"`          // H, must divide Dim
	Dim        int               `toml:"dim"`            // D
	Hidden     int               `toml:"hidden"`         // inside the feed-forward layers; 0: 4·Dim
	Activation layers.Activation `toml:"activation"`     // of the feed-forward layers
	Dropout    float64           `toml:"dropout"`
	PreNorm    bool              `toml:"pre_norm"` // LayerNorm before each sub-layer; the paper has it after
	Learned    bool              `toml:"learned"`  // positions are learned, not sinusoids
	Tied       bool              `toml:"tied"`     // one table for source, target and head (§3.4)
	Guided     float64           `toml:"guided"`   // weight of the loss that pulls the first head of the last cross-attention to the diagonal; 0: none
	Pointer    bool              `toml:"pointer"`  // tokens are generated, or copied from the source by that head
}

func init() {
	Register("transformer", "encoder–decoder Transformer, for translation and other pairs", func() Model {
		return &Transformer{Sizes: Sizes{Context: 64}, Source: 64, Layers: 3, Heads: 4, Dim: 128, Activation: "relu", Dropout: 0.1, PreNorm: true, Tied: true}
	})
}

// SourceContext returns the maximum length of a source in tokens.
func (c *Transformer) SourceContext() int { return c.Source }

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *Transformer) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	s = s.WithInit(layers.Glorot(), layers.Glorot())
	source := c.encoder(s.Sub("enc").Source()) // (B·S, D)
	dec := s.Sub("dec")
	x := c.embed(dec, tokens, c.Context, "enc/tok/W") // (B·T, D)
	for i := range c.Layers {
		x = dec.Sub("h%d", i).Block(x, func(s *layers.Scope, x *G.Node) *G.Node { return c.decoderLayer(s, x, source) })
	}
	x = c.norm(dec, x)
	cross := fmt.Sprintf("dec/h%d/cross", c.Layers-1)
	if c.Guided > 0 && s.Frame().Gradient {
		layers.GuideAttention(dec, layers.FirstHead(dec, cross), s.SourceLengths(), c.Guided)
	}
	logits := c.head(s.Sub("head"), x)
	if c.Pointer {
		return layers.PointerHead(s.Sub("pointer"), logits, x, layers.SourceTokens(s.Sub("pointer"), layers.FirstHead(s, cross)))
	}
	return logits
}

func (c *Transformer) head(s *layers.Scope, x *G.Node) *G.Node {
	if c.Tied {
		return layers.TiedHead(s, x, "enc/tok/W")
	}
	return layers.Head(s, x, c.Vocab)
}

// encoder returns the encoded source.
//
//	→ (B·S, D)
func (c *Transformer) encoder(s *layers.Scope) *G.Node {
	x := c.embed(s, s.Tokens(), c.Source, "")
	for i := range c.Layers {
		x = s.Sub("h%d", i).Block(x, c.encoderLayer)
	}
	return c.norm(s, x)
}

// encoderLayer declares self-attention and a feed-forward layer.
//
//	x: (B·S, D) → (B·S, D)
func (c *Transformer) encoderLayer(s *layers.Scope, x *G.Node) *G.Node {
	x = c.sublayer(s.Sub("att"), x, func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.SelfAttention(s, x, c.Heads, c.Dropout)
	})
	return s.Out(s.Tap("resid", c.sublayer(s.Sub("mlp"), x, c.feedForward)))
}

// decoderLayer declares self-attention, attention to the source, and a feed-forward layer.
//
//	x: (B·T, D), source: (B·S, D) → (B·T, D)
func (c *Transformer) decoderLayer(s *layers.Scope, x, source *G.Node) *G.Node {
	x = c.sublayer(s.Sub("att"), x, func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.CausalSelfAttention(s, x, c.Heads, c.Dropout)
	})
	x = c.sublayer(s.Sub("cross"), x, func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.CrossAttention(s, x, source, c.Heads, c.Dropout)
	})
	return s.Out(s.Tap("resid", c.sublayer(s.Sub("mlp"), x, c.feedForward)))
}

func (c *Transformer) feedForward(s *layers.Scope, x *G.Node) *G.Node {
	return layers.FeedForward(s, x, mlpWidth(c.Hidden, c.Dim), c.Activation, c.Dropout)
}

// sublayer adds a sub-layer to the residual stream, with PreNorm or PostNorm.
func (c *Transformer) sublayer(s *layers.Scope, x *G.Node, f layers.Sublayer) *G.Node {
	if c.PreNorm {
		return layers.PreNorm(s, x, c.Dropout, f)
	}
	return layers.PostNorm(s, x, c.Dropout, f)
}

// norm returns x normalised after a pre-norm stack, and x itself after a post-norm one.
func (c *Transformer) norm(s *layers.Scope, x *G.Node) *G.Node {
	if c.PreNorm {
		return layers.LayerNorm(s.Sub("norm"), x)
	}
	return x
}

// embed returns token embeddings multiplied by √D (§3.4) plus positions. A tied decoder uses the
// encoder's table, whose path is shared.
//
//	ids: (B·T) int → (B·T, D)
func (c *Transformer) embed(s *layers.Scope, ids *G.Node, context int, shared string) *G.Node {
	table := s.WithInit(layers.Normal(1/math.Sqrt(float64(c.Dim))), nil)
	var x *G.Node
	if c.Tied && shared != "" {
		x = layers.EmbeddingOf(s.Sub("tok"), ids, shared)
	} else {
		x = layers.Embedding(table.Sub("tok"), ids, c.Vocab, c.Dim)
	}
	x = layers.Scale(s.Sub("tok"), x, math.Sqrt(float64(c.Dim)))
	if c.Learned {
		x = layers.Add(s, x, layers.Positions(table.Sub("pos"), context, c.Dim))
	} else {
		x = layers.Add(s, x, layers.Sinusoids(s.Sub("pos"), context, c.Dim))
	}
	return s.Tap("embed", layers.Dropout(s.Sub("embed"), x, c.Dropout))
}

// Check returns an error if the settings are invalid.
func (c *Transformer) Check() error {
	if c.Source < 1 {
		return fmt.Errorf("model: source_context = %d, want at least 1", c.Source)
	}
	if err := CheckBlocks(c.Layers, c.Heads, c.Dim, c.Hidden, c.Dropout); err != nil {
		return err
	}
	return c.Sizes.Check()
}
