package layers_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

func ExampleProject() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		s = s.WithInit(layers.Normal(0.02), layers.Fill(0)) // nothing joins the stream at first
		return layers.Add(s, x, layers.Project(s.Sub("proj"), x, 32))
	})
	// Output:
	// (10, 32)
	// proj/W (32, 32)
	// proj/b (32)
}

func ExampleEmbeddingOf() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.EmbeddingOf(s.Sub("again"), s.Tokens(), "tok/W") // no parameter of its own
	})
	// Output:
	// (10, 32)
}

func ExampleConcat() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		left := layers.Columns(s.Sub("left"), x, 0, 8)
		fmt.Println(left.Shape())
		return layers.Concat(s, left, x)
	})
	// Output:
	// (10, 8)
	// (10, 40)
}

func ExampleColumns() {
	show(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Columns(s.Sub("left"), x, 0, 8) })
	// Output:
	// (10, 8)
}

func ExampleRecurrent() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		c := layers.RecurrentConfig{Hidden: 16}
		h, last := layers.Recurrent(s.Sub("rnn"), x, layers.NewGRU(s.Sub("rnn"), 32, c), c)
		fmt.Println(last.Shape())
		return h
	})
	// Output:
	// (2, 16)
	// (10, 16)
	// rnn/x/W (32, 48)
	// rnn/x/b (48)
	// rnn/h/W (16, 48)
	// rnn/h/b (48)
}

func ExampleRecurFrom() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		start := s.Param("start", layers.Fill(0.5), s.B, 32)
		half := s.Const("half", []int{s.B, 32}, func(int) float64 { return 0.5 })
		return layers.RecurFrom(s.Sub("mean"), x, 32, start, func(x, prev *G.Node) *G.Node { // a running mean
			return s.Must(G.HadamardProd(half, s.Must(G.Add(x, prev))))
		})
	})
	// Output:
	// (10, 32)
	// start (2, 32)
}

func ExampleSoftmax() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		scores := layers.Scores(s, x, x, 4) // every token of a sequence with every other, in 4 heads
		return layers.Softmax(s, layers.Mask(s, scores, s.CausalLengths(), 4), 4)
	})
	// Output:
	// (10, 20)
}

func ExampleNewDense() {
	show(func(s *layers.Scope, x *G.Node) *G.Node {
		twice := layers.NewDense(s.Sub("twice"), 32, 32, "tanh")
		return twice.Apply(twice.Apply(x))
	})
	// Output:
	// (10, 32)
	// twice/W (32, 32)
	// twice/b (32)
}
