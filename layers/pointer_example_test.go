package layers_test

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// A head that generates a token, or copies one of the source by attention to it.
func ExamplePointerHead() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		enc := s.Sub("enc").Source()
		source := layers.EmbeddingOf(enc, enc.Tokens(), "tok/W")
		x = layers.CrossAttention(s.Sub("cross").WithBias(false), x, source, 4, 0)
		copied := layers.SourceTokens(s.Sub("pointer"), layers.FirstHead(s, "cross"))
		return layers.PointerHead(s.Sub("pointer"), layers.TiedHead(s.Sub("head"), x, "tok/W"), x, copied)
	})
	// Output:
	// (10, 100)
	// cross/q/W (32, 32)
	// cross/k/W (32, 32)
	// cross/v/W (32, 32)
	// cross/proj/W (32, 32)
	// pointer/gate/W (32, 1)
	// pointer/gate/b (1)
}

// The mixture of PointerHead, composed: log(g·softmax + (1−g)·copies).
func ExampleCopyDistribution() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		att := s.Sub("att").WithBias(false)
		x = layers.CausalSelfAttention(att, x, 4, 0)
		copies := layers.CopyDistribution(s, layers.TextTokens(s.Sub("pointer"), layers.FirstHead(s, "att")), 100)
		generated := layers.Softmax(s, layers.TiedHead(s.Sub("head"), x, "tok/W"), 1)
		g := layers.Sigmoid(s, layers.Linear(s.Sub("gate"), x, 1))
		return layers.Log(s, layers.Add(s, layers.Mul(s, generated, g), layers.Mul(s, copies, layers.OneMinus(s, g))))
	})
	// Output:
	// (10, 100)
	// att/qkv/W (32, 96)
	// att/proj/W (32, 32)
	// gate/W (32, 1)
	// gate/b (1)
}

// Attention that is pulled to the diagonal in training.
func ExampleGuideAttention() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		enc := s.Sub("enc").Source()
		y := layers.CrossAttention(s.Sub("cross").WithBias(false), x, layers.EmbeddingOf(enc, enc.Tokens(), "tok/W"), 1, 0)
		layers.GuideAttention(s, layers.FirstHead(s, "cross"), s.SourceLengths(), 0.5)
		return y
	})
	// Output:
	// (10, 32)
	// cross/q/W (32, 32)
	// cross/k/W (32, 32)
	// cross/v/W (32, 32)
	// cross/proj/W (32, 32)
}
