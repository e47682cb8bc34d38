package models

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// Llama is a decoder-only Transformer with the architecture of Llama (Touvron et al. 2023):
// RMSNorm before each sub-layer, rotary positions, gated MLPs, no biases unless AttentionBias.
type Llama struct {
	Sizes
	Layers     int     `toml:"layers"`      // blocks
	Heads      int     `toml:"heads"`       // H, must divide Dim unless HeadDim is set
	KVHeads    int     `toml:"kv_heads"`    // K heads of keys and values, must divide Heads; 0: Heads
	Dim        int     `toml:"dim"`         // D
	Hidden     int     `toml:"hidden"`      // inside the MLP; 0: 8/3·Dim, rounded up to a multiple of 32
	RotaryBase float64 `toml:"rotary_base"` // base of rotary positions
	Dropout    float64 `toml:"dropout"`
	Tied       bool    `toml:"tied"` // the head uses the embedding table

	HeadDim       int     `toml:"head_dim"`       // d, columns of a head; 0: Dim/Heads
	AttentionBias bool    `toml:"attention_bias"` // biases of attention's four projections
	NormEpsilon   float64 `toml:"norm_epsilon"`   // of RMSNorm; 0: 1e-5

	// Angles of rotary positions are scaled for contexts beyond RotaryContext, that of training:
	// see layers.RotaryScaling.
	RotaryFactor  float64 `toml:"rotary_factor"` // 0: no scaling
	RotaryContext int     `toml:"rotary_context"`
	RotaryLow     float64 `toml:"rotary_low"`
	RotaryHigh    float64 `toml:"rotary_high"`
}

func init() {
	Register("llama", "decoder-only Transformer, Llama's arrangement", func() Model {
		return &Llama{Sizes: Sizes{Context: 64}, Layers: 4, Heads: 4, Dim: 128, RotaryBase: 10000, Tied: true}
	})
}

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *Llama) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	s = s.WithBias(false).WithInit(layers.Normal(0.02), layers.Normal(0.02/math.Sqrt(2*float64(c.Layers))))
	x := layers.Embedding(s.Sub("tok"), tokens, c.Vocab, c.Dim) // (B·T, D)
	x = s.Tap("embed", layers.Dropout(s.Sub("embed"), x, c.Dropout))
	for i := range c.Layers {
		x = s.Sub("h%d", i).Block(x, c.block)
	}
	x = c.norm(s.Sub("norm"), x)
	if c.Tied {
		return layers.TiedHead(s.Sub("head"), x, "tok/W")
	}
	return layers.Head(s.Sub("head"), x, c.Vocab)
}

// block adds attention, then a gated MLP, to the residual stream.
//
//	x: (B·T, D) → (B·T, D)
func (c *Llama) block(s *layers.Scope, x *G.Node) *G.Node {
	att := layers.Attention(s.Sub("att").WithBias(c.AttentionBias), c.norm(s.Sub("norm1"), x), layers.AttentionConfig{
		Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim, Dropout: c.Dropout, Causal: true, Rotary: c.RotaryBase, Scaling: c.scaling()})
	x = layers.Residual(s.Sub("att"), x, att, c.Dropout)
	mlp := layers.GatedMLP(s.Sub("mlp"), c.norm(s.Sub("norm2"), x), c.HiddenColumns())
	x = layers.Residual(s.Sub("mlp"), x, mlp, c.Dropout)
	return s.Out(s.Tap("resid", x))
}

func (c *Llama) norm(s *layers.Scope, x *G.Node) *G.Node {
	if c.NormEpsilon == 0 {
		return layers.RMSNorm(s, x)
	}
	return layers.RMSNormEps(s, x, c.NormEpsilon)
}

func (c *Llama) scaling() layers.RotaryScaling {
	return layers.RotaryScaling{Factor: c.RotaryFactor, Context: c.RotaryContext, Low: c.RotaryLow, High: c.RotaryHigh}
}

// HeadColumns returns d, the number of columns of a head.
func (c *Llama) HeadColumns() int {
	if c.HeadDim > 0 {
		return c.HeadDim
	}
	return c.Dim / c.Heads
}

// HiddenColumns returns the width of the MLPs.
func (c *Llama) HiddenColumns() int {
	if c.Hidden > 0 {
		return c.Hidden
	}
	return (8*c.Dim/3 + 31) / 32 * 32
}

// Check returns an error if the settings are invalid.
func (c *Llama) Check() error {
	switch {
	case c.KVHeads < 0 || c.KVHeads > 0 && c.Heads%c.KVHeads != 0:
		return fmt.Errorf("model: kv_heads = %d does not divide heads = %d", c.KVHeads, c.Heads)
	case !(c.RotaryBase > 1) || math.IsInf(c.RotaryBase, 0):
		return fmt.Errorf("model: rotary_base = %v, want more than 1 (the default is 10000)", c.RotaryBase)
	case c.HeadDim < 0:
		return fmt.Errorf("model: head_dim = %d, want 0 (dim/heads) or more", c.HeadDim)
	case !(c.NormEpsilon >= 0) || math.IsInf(c.NormEpsilon, 0):
		return fmt.Errorf("model: norm_epsilon = %v, want 0 (1e-5) or more", c.NormEpsilon)
	}
	if err := c.scaling().Check(); err != nil {
		return fmt.Errorf("model: rotary_factor, rotary_context, rotary_low, rotary_high: %w", err)
	}
	heads := c.Heads
	if c.HeadDim > 0 {
		heads = min(heads, 1) // that of a given width need not divide dim
	}
	if err := CheckBlocks(c.Layers, heads, c.Dim, c.Hidden, c.Dropout); err != nil {
		return err
	}
	if d := c.HeadColumns(); d%2 != 0 {
		return fmt.Errorf("model: dim = %d and heads = %d make heads of %d columns: rotary positions rotate pairs of columns, so that the number must be even", c.Dim, c.Heads, d)
	}
	return c.Sizes.Check()
}
