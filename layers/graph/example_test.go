package graph_test

import (
	"fmt"
	"math"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/layers/ops"
)

// softsign is x/(1+|x|) and its derivative, for both types of numbers.
func softsign[T ops.Float]() ops.Kernel[T] {
	return ops.Kernel[T]{
		Forward: func(in []ops.Arg[T], out []T) {
			for i, x := range in[0].X {
				out[i] = x / (1 + T(math.Abs(float64(x))))
			}
		},
		Backward: func(in []ops.Arg[T], out, dout []T, din [][]T) {
			for i, x := range in[0].X {
				d := 1 + T(math.Abs(float64(x)))
				din[0][i] = dout[i] / (d * d)
			}
		},
	}
}

// A fused op of one's own, in a layer.
func ExampleScope_Apply() {
	Softsign := func(s *layers.Scope, x *layers.Node) *layers.Node {
		return s.Apply(ops.Op{Name: "softsign", Float32: softsign[float32](), Float64: softsign[float64]()}, x)
	}
	g, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 2, T: 3}, func(s *layers.Scope) {
		x := layers.Embedding(s.Sub("tok"), s.Tokens(), 5, 8)
		fmt.Println(Softsign(s.Sub("act"), x).Shape())
	})
	fmt.Println(g.Taps(), err)
	// Output:
	// (6, 8)
	// [tok tok/W] <nil>
}

// A loss that a layer adds to the model's own: here the size of its activations.
func ExampleScope_AddLoss() {
	g, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 2, T: 3, Gradient: true}, func(s *layers.Scope) {
		x := layers.Linear(s.Sub("proj"), layers.Embedding(s.Sub("tok"), s.Tokens(), 5, 8), 4)
		s.Sub("proj").AddLoss("size", layers.MeanColumns(s, layers.Square(s, x)), 0.1)
	})
	for _, l := range g.Losses() {
		fmt.Println(l.Name, l.Weight, l.Node.Shape())
	}
	fmt.Println(err)
	// Output:
	// proj/size 0.1 ()
	// <nil>
}
