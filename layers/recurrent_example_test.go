package layers_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

func ExampleLSTM() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		h, last := layers.LSTM(s.Sub("lstm"), x, layers.RecurrentConfig{Hidden: 64, ForgetBias: 1})
		fmt.Println(last.Shape()) // h and c after the last token
		return h
	})
	// Output:
	// (2, 128)
	// (10, 64)
	// lstm/x/W (32, 256)
	// lstm/x/b (256)
	// lstm/h/W (64, 256)
}

func ExampleGRU() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		h, _ := layers.GRU(s.Sub("gru"), x, layers.RecurrentConfig{Hidden: 64})
		return h
	})
	// Output:
	// (10, 64)
	// gru/x/W (32, 192)
	// gru/x/b (192)
	// gru/h/W (64, 192)
	// gru/h/b (192)
}

func ExampleRNN() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		h, _ := layers.RNN(s.Sub("rnn"), x, layers.RecurrentConfig{Hidden: 64, Act: "relu"})
		return h
	})
	// Output:
	// (10, 64)
	// rnn/x/W (32, 64)
	// rnn/x/b (64)
	// rnn/h/W (64, 64)
}

// A cell of one's own, run through all tokens: h' = tanh(x + h·W).
func ExampleRecur() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		r := s.Sub("own")
		return layers.Recur(r, x, 32, func(x, h *G.Node) *G.Node {
			return layers.Tanh(r, layers.Add(r, x, layers.Linear(r.Sub("h").WithBias(false), h, 32)))
		})
	})
	// Output:
	// (10, 32)
	// own/h/W (32, 32)
}

// The cell that LSTM runs in one op, step by step.
func ExampleUnrolled() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		at := s.Sub("lstm").WithBias(false)
		return layers.Unrolled(at, x, layers.NewLSTM(at, 32, layers.RecurrentConfig{Hidden: 64}))
	})
	// Output:
	// (10, 64)
	// lstm/x/W (32, 256)
	// lstm/h/W (64, 256)
}

// A bidirectional encoder, and a decoder that attends to the source.
func ExampleNewSourceAttention() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		enc := s.Sub("enc").Source().WithBias(false)
		source := layers.EmbeddingOf(enc, enc.Tokens(), "tok/W")
		c := layers.RecurrentConfig{Hidden: 64}
		source, last := layers.Bidirectional(enc.Sub("gru"), source, "gru", c)
		c.Start = last
		h, _ := layers.GRU(s.Sub("dec").WithBias(false), x, c)
		att := layers.NewSourceAttention(s.Sub("cross"), source, 64, layers.General)
		return layers.Concat(s, h, att.Context(h, s.SourceLengths()))
	})
	// Output:
	// (10, 128)
	// enc/gru/forward/x/W (32, 96)
	// enc/gru/forward/h/W (32, 96)
	// enc/gru/backward/x/W (32, 96)
	// enc/gru/backward/h/W (32, 96)
	// dec/x/W (32, 192)
	// dec/h/W (64, 192)
	// cross/q/W (64, 64)
}
