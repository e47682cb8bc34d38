package layers_test

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// A row, a column or a single value serves a whole matrix, on either side.
func ExampleSub() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Concat(s,
			layers.Sub(s, x, layers.MeanRows(s, x)),    // by a row (1, 2)
			layers.Sub(s, x, layers.MeanColumns(s, x)), // by a column (2, 1)
			layers.Sub(s, layers.Rows(s, x, 0, 1), x))  // from a row
	})
	// Output:
	// [-1.000 3.000 -0.500 0.500 0.000 0.000]
	// [1.000 -3.000 3.500 -3.500 -2.000 6.000]
}

// Each row divided by its sum.
func ExampleDiv() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Div(s, x, layers.SumColumns(s, x)) })
	// Output:
	// [0.333 0.667]
	// [-3.000 4.000]
}

func ExampleMax() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		y := layers.Neg(s, x)
		return layers.Concat(s, layers.Max(s, x, y), layers.Min(s, x, y))
	})
	// Output:
	// [1.000 2.000 -1.000 -2.000]
	// [3.000 4.000 -3.000 -4.000]
}

func ExampleMatMul() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Concat(s,
			layers.MatMul(s, x, x),
			layers.MatMulT(s, x, x), // x·xᵀ
			layers.TMatMul(s, x, x)) // xᵀ·x
	})
	// Output:
	// [7.000 -6.000 5.000 -5.000 10.000 -10.000]
	// [-9.000 22.000 -5.000 25.000 -10.000 20.000]
}

// A gate a and the other side of it.
func ExampleOneMinus() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		a := layers.Sigmoid(s, x)
		return layers.Add(s, layers.Mul(s, a, x), layers.Mul(s, layers.OneMinus(s, a), layers.Tanh(s, x)))
	})
	// Output:
	// [0.936 1.877]
	// [2.905 -1.053]
}

func ExampleExp() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		positive := layers.AddScalar(s, layers.Abs(s, x), 1)
		return layers.Concat(s, layers.Exp(s, x), layers.Log(s, positive), layers.Sqrt(s, positive), layers.Square(s, x))
	})
	// Output:
	// [2.718 7.389 0.693 1.099 1.414 1.732 1.000 4.000]
	// [20.086 0.018 1.386 1.609 2.000 2.236 9.000 16.000]
}

func ExampleClip() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Clip(s, x, -1, 1.5) })
	// Output:
	// [1.000 1.500]
	// [1.500 -1.000]
}

// Rounding has no derivative: going forward x is rounded, and going back it is x
// (a straight-through estimator, Bengio et al. 2013).
func ExampleStopGradient() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		signs := layers.Div(s, x, layers.Abs(s, x))
		return layers.Add(s, x, layers.StopGradient(s, layers.Sub(s, signs, x)))
	})
	// Output:
	// [1.000 1.000]
	// [1.000 -1.000]
}

func ExampleSumRows() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Concat(s, layers.SumRows(s, x), layers.MeanRows(s, x), layers.MaxRows(s, x))
	})
	// Output:
	// [4.000 -2.000 2.000 -1.000 3.000 2.000]
}

func ExampleSumColumns() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Concat(s, layers.SumColumns(s, x), layers.MeanColumns(s, x), layers.MaxColumns(s, x))
	})
	// Output:
	// [3.000 1.500 2.000]
	// [-1.000 -0.500 3.000]
}

func ExampleRows() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Rows(s, x, 1, 2) })
	// Output:
	// [3.000 -4.000]
}

// The tokens of the example are 0 and 1.
func ExampleGather() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		table := s.Const("table", []int{3, 2}, func(i int) float64 { return float64(i) })
		return layers.Gather(s, table, s.Tokens())
	})
	// Output:
	// [0.000 1.000]
	// [2.000 3.000]
}

// The first token, whose position is 0, has the row of the second choice.
func ExampleWhere() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		later := layers.Where(s, s.Positions(), x, layers.Neg(s, x))
		return layers.Concat(s, later, layers.MaskRows(s, s.Positions(), x))
	})
	// Output:
	// [-1.000 -2.000 0.000 0.000]
	// [3.000 -4.000 3.000 -4.000]
}

// Each token goes to its best expert, or is shared between its best two.
func ExampleTopKGate() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		logits := layers.Concat(s, x, layers.Columns(s, x, 0, 1)) // columns 0 and 2 are equal
		return layers.Concat(s, layers.TopKGate(s, logits, 1), layers.TopKGate(s, logits, 2))
	})
	// Output:
	// [0.000 1.000 0.000 0.269 0.731 0.000]
	// [1.000 0.000 0.000 0.500 0.000 0.500]
}

// The README's layer: each column of x passes by as much as a sigmoid of x says.
func Example_gate() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		w := s.Param("W", layers.Fill(0.5), 2, 2)
		return s.Out(layers.Mul(s, x, layers.Sigmoid(s, layers.MatMul(s, x, w))))
	})
	// Output:
	// [0.818 1.635]
	// [1.133 -1.510]
}
