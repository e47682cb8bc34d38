package layers_test

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

func ExampleEmbedding() {
	show(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Embedding(s.Sub("emb"), s.Tokens(), 7, 3) })
	// Output:
	// (10, 3)
	// emb/W (7, 3)
}

func ExamplePositions() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Add(s, x, layers.Positions(s.Sub("pos"), 64, 32))
	})
	// Output:
	// (10, 32)
	// pos/W (64, 32)
}

func ExampleMLP() {
	show(func(s *layers.Scope, x *G.Node) *G.Node { return layers.MLP(s.Sub("mlp"), x, 128, "gelu") })
	// Output:
	// (10, 32)
	// mlp/in/W (32, 128)
	// mlp/in/b (128)
	// mlp/out/W (128, 32)
	// mlp/out/b (32)
}

func ExampleFeedForward() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.FeedForward(s.Sub("ff").WithBias(false), x, 64, "relu", 0.1)
	})
	// Output:
	// (10, 32)
	// ff/in/W (32, 64)
	// ff/out/W (64, 32)
}

func ExampleHead() {
	show(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Head(s.Sub("head"), x, 100) })
	// Output:
	// (10, 100)
	// head/W (32, 100)
	// head/b (100)
}

// A tied head has no parameters of its own.
func ExampleTiedHead() {
	show(func(s *layers.Scope, x *G.Node) *G.Node { return layers.TiedHead(s.Sub("head"), x, "tok/W") })
	// Output:
	// (10, 100)
}

func ExamplePreNorm() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.PreNorm(s.Sub("mlp").WithBias(false), x, 0, func(s *layers.Scope, x *G.Node) *G.Node {
			return layers.MLP(s, x, 64, "relu")
		})
	})
	// Output:
	// (10, 32)
	// mlp/norm/gain (32)
	// mlp/in/W (32, 64)
	// mlp/out/W (64, 32)
}

func ExampleSelfAttention() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.SelfAttention(s.Sub("att").WithBias(false), x, 4, 0)
	})
	// Output:
	// (10, 32)
	// att/qkv/W (32, 96)
	// att/proj/W (32, 32)
}

func ExampleBidirectional() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		enc := s.Sub("enc").Source().WithBias(false)
		y, _ := layers.Bidirectional(enc.Sub("gru"), layers.EmbeddingOf(enc, enc.Tokens(), "tok/W"), "gru", layers.RecurrentConfig{Hidden: 8})
		return y
	})
	// Output:
	// (6, 8)
	// enc/gru/forward/x/W (32, 12)
	// enc/gru/forward/h/W (4, 12)
	// enc/gru/backward/x/W (32, 12)
	// enc/gru/backward/h/W (4, 12)
}
