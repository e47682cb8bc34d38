package layers_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

// show builds two sequences of five tokens with sources of three, and prints what declare
// returns and the parameters it declared.
func show(declare func(s *layers.Scope, x *G.Node) *G.Node) {
	g, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 2, T: 5, S: 3}, func(s *layers.Scope) {
		x := layers.Embedding(s.Sub("tok"), s.Tokens(), 100, 32)
		fmt.Println(declare(s, x).Shape())
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range g.Params()[1:] {
		fmt.Println(p.Name(), p.Shape())
	}
}

func ExampleCausalSelfAttention() {
	show(func(s *layers.Scope, x *G.Node) *G.Node { return layers.CausalSelfAttention(s.Sub("att"), x, 4, 0) })
	// Output:
	// (10, 32)
	// att/qkv/W (32, 96)
	// att/qkv/b (96)
	// att/proj/W (32, 32)
	// att/proj/b (32)
}

// An encoder, and a decoder that attends to the source.
func ExampleCrossAttention() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		enc := s.Sub("enc").Source().WithBias(false)
		source := layers.EmbeddingOf(enc, enc.Tokens(), "tok/W")
		source = layers.SelfAttention(enc.Sub("att"), source, 4, 0)
		return layers.CrossAttention(s.Sub("cross").WithBias(false), x, source, 4, 0)
	})
	// Output:
	// (10, 32)
	// enc/att/qkv/W (32, 96)
	// enc/att/proj/W (32, 32)
	// cross/q/W (32, 32)
	// cross/k/W (32, 32)
	// cross/v/W (32, 32)
	// cross/proj/W (32, 32)
}

func ExampleGatedMLP() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.GatedMLP(s.Sub("mlp").WithBias(false), layers.RMSNorm(s.Sub("norm"), x), 88)
	})
	// Output:
	// (10, 32)
	// norm/gain (32)
	// mlp/gate/W (32, 88)
	// mlp/up/W (32, 88)
	// mlp/down/W (88, 32)
}

// The two kinds of sub-layer differ in where they normalise.
func ExamplePostNorm() {
	feedForward := func(s *layers.Scope, x *G.Node) *G.Node { return layers.FeedForward(s, x, 64, "relu", 0.1) }
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		x = layers.Add(s, layers.Scale(s, x, 5.66), layers.Sinusoids(s.Sub("pos"), 16, 32)) // √32
		x = layers.PostNorm(s.Sub("post").WithBias(false), x, 0.1, feedForward)
		return layers.PreNorm(s.Sub("pre").WithBias(false), x, 0.1, feedForward)
	})
	// Output:
	// (10, 32)
	// post/in/W (32, 64)
	// post/out/W (64, 32)
	// post/norm/gain (32)
	// pre/norm/gain (32)
	// pre/in/W (32, 64)
	// pre/out/W (64, 32)
}

// Attention in its parts: here the scores of each head are cut short before the softmax.
func ExampleScores() {
	const heads = 4
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		s = s.Sub("att").WithBias(false)
		q, k, v := layers.Linear(s.Sub("q"), x, 32), layers.Linear(s.Sub("k"), x, 32), layers.Linear(s.Sub("v"), x, 32)
		scores := layers.Tanh(s, layers.Scores(s, q, s.History("keys", k), heads))
		weights := layers.Softmax(s, layers.Mask(s, scores, s.CausalLengths(), heads), heads)
		fmt.Println(weights.Shape())
		return layers.Mix(s, weights, s.History("values", v), heads)
	})
	// Output:
	// (10, 20)
	// (10, 32)
	// att/q/W (32, 32)
	// att/k/W (32, 32)
	// att/v/W (32, 32)
}

// The attention of llama in its parts: two heads of keys and values serve four of queries,
// and positions turn queries and keys.
func ExampleRotary() {
	const heads, kvHeads = 4, 2
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		s = s.Sub("att").WithBias(false)
		q := layers.Rotary(s, layers.Linear(s.Sub("q"), x, 32), heads, 10000)
		k := layers.Rotary(s, layers.Linear(s.Sub("k"), x, 16), kvHeads, 10000)
		v := layers.Linear(s.Sub("v"), x, 16)
		scores := layers.GroupedScores(s, q, s.History("keys", k), heads, kvHeads)
		weights := layers.Softmax(s, layers.Mask(s, scores, s.CausalLengths(), heads), heads)
		return layers.GroupedMix(s, weights, s.History("values", v), heads, kvHeads)
	})
	// Output:
	// (10, 32)
	// att/q/W (32, 32)
	// att/k/W (32, 16)
	// att/v/W (32, 16)
}

func ExampleGroupedScores() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		key := layers.Columns(s, x, 0, 8) // one head of keys for all four of queries
		return layers.GroupedScores(s, x, s.History("keys", key), 4, 1)
	})
	// Output:
	// (10, 20)
}

func ExampleGroupedMix() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		weights := layers.Softmax(s, layers.Scores(s, x, x, 4), 4)
		weights = layers.Dropout(s.Sub("weights"), weights, 0.1)
		return layers.GroupedMix(s, weights, layers.Columns(s, x, 0, 16), 4, 2) // two heads of values, of 8 columns
	})
	// Output:
	// (10, 32)
}

func ExampleALiBi() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		scores := layers.ALiBi(s, layers.Scores(s, x, x, 4), s.CausalLengths(), 4)
		return layers.Mask(s, scores, s.CausalLengths(), 4)
	})
	// Output:
	// (10, 20)
}
