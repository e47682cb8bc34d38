package layers_test

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// Half of what was, and all of the token.
func ExampleLinearRecurrence() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		half := s.Const("half", []int{2, 2}, func(int) float64 { return 0.5 })
		return layers.LinearRecurrence(s, half, x)
	})
	// Output:
	// [1.000 2.000]
	// [3.500 -3.000]
}

func ExampleCumSum() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.CumSum(s, x) })
	// Output:
	// [1.000 2.000]
	// [4.000 -2.000]
}

// The token shift of RWKV: each column has a share of its own between the token and the one
// before.
func ExampleShift() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		mu := s.Param("mu", layers.Fill(0.5), 2)
		return layers.Add(s, layers.Mul(s, mu, x), layers.Mul(s, layers.OneMinus(s, mu), layers.Shift(s, x)))
	})
	// Output:
	// [0.500 1.000]
	// [2.000 -1.000]
}

// With all weights one, the convolution adds up the last three tokens.
func ExampleCausalConv() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.CausalConv(s.WithInit(layers.Fill(1), nil), x, 3)
	})
	// Output:
	// [1.000 2.000]
	// [4.000 -2.000]
}
