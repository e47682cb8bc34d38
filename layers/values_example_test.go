package layers_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers"
	"euryale/layers/graph"
)

// compute runs declare on one sequence of two tokens, whose rows are (1, 2) and (3, −4), and
// prints the rows of what it returns.
func compute(declare func(s *layers.Scope, x *G.Node) *G.Node) {
	numbers := []float64{1, 2, 3, -4}
	var y *G.Node
	g, err := graph.Build(graph.NewWeights64(1), graph.Frame{B: 1, T: 2}, func(s *layers.Scope) {
		y = declare(s, s.Const("x", []int{2, 2}, func(i int) float64 { return numbers[i] }))
	})
	if err == nil {
		err = g.Feed(graph.Feed{Tokens: []int{0, 1}, Targets: []int{1, 0}})
	}
	if err == nil {
		err = G.NewTapeMachine(g.Expr(), G.WithEngine(g.Tape())).RunAll()
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	switch v := y.Value().(type) {
	case *tensor.Dense:
		values, width := v.Float64s(), v.Shape()[v.Dims()-1]
		for i := 0; i < len(values); i += width {
			fmt.Printf("%.3f\n", values[i:i+width])
		}
	default:
		fmt.Printf("%.3f\n", v)
	}
}

func ExampleAdd() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Add(s, x, x) })
	// Output:
	// [2.000 4.000]
	// [6.000 -8.000]
}

func ExampleMul() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Mul(s, x, x) })
	// Output:
	// [1.000 4.000]
	// [9.000 16.000]
}

func ExampleScale() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Scale(s, x, 0.5) })
	// Output:
	// [0.500 1.000]
	// [1.500 -2.000]
}

func ExampleReLU() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.ReLU(s, x) })
	// Output:
	// [1.000 2.000]
	// [3.000 0.000]
}

func ExampleGELU() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.GELU(s, x) })
	// Output:
	// [0.841 1.954]
	// [2.996 -0.000]
}

func ExampleSiLU() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.SiLU(s, x) })
	// Output:
	// [0.731 1.762]
	// [2.858 -0.072]
}

func ExampleTanh() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Tanh(s, x) })
	// Output:
	// [0.762 0.964]
	// [0.995 -0.999]
}

func ExampleSigmoid() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Sigmoid(s, x) })
	// Output:
	// [0.731 0.881]
	// [0.953 0.018]
}

func ExampleActivate() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Activate(s, x, "gelu_tanh") })
	// Output:
	// [0.841 1.955]
	// [2.996 -0.000]
}

func ExampleLayerNorm() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.LayerNorm(s, x) })
	// Output:
	// [-1.000 1.000]
	// [1.000 -1.000]
}

func ExampleRMSNorm() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.RMSNorm(s, x) })
	// Output:
	// [0.632 1.265]
	// [0.849 -1.131]
}

// With all weights one, a Linear adds the columns up.
func ExampleLinear() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Linear(s.WithInit(layers.Fill(1), nil), x, 3)
	})
	// Output:
	// [3.000 3.000 3.000]
	// [-1.000 -1.000 -1.000]
}

func ExampleLinearAct() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.LinearAct(s.WithInit(layers.Fill(1), nil), x, 3, "relu", false)
	})
	// Output:
	// [3.000 3.000 3.000]
	// [0.000 0.000 0.000]
}

// Without noise in the frame nothing is dropped.
func ExampleDropout() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Dropout(s, x, 0.5) })
	// Output:
	// [1.000 2.000]
	// [3.000 -4.000]
}

func ExampleResidual() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Residual(s, x, layers.Tanh(s, x), 0.1) })
	// Output:
	// [1.762 2.964]
	// [3.995 -4.999]
}

// The loss of each token is −log p(target): here log(1+e⁻¹) and log(1+e⁻⁷).
func ExampleCrossEntropy() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.CrossEntropy(s, x, 0) })
	// Output:
	// [0.313 0.001]
}

func ExampleMeanLoss() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.MeanLoss(s, layers.CrossEntropy(s, x, 0)) })
	// Output:
	// 0.157
}

// Two equal keys get half of the weight each; the first token attends to the first key only.
func ExampleMask() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		same := s.Const("same", []int{2, 2}, func(int) float64 { return 1 })
		return layers.Softmax(s, layers.Mask(s, layers.Scores(s, x, same, 1), s.CausalLengths(), 1), 1)
	})
	// Output:
	// [1.000 0.000]
	// [0.500 0.500]
}

func ExampleMix() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node {
		halves := s.Const("halves", []int{2, 2}, func(int) float64 { return 0.5 })
		return layers.Mix(s, halves, x, 1)
	})
	// Output:
	// [2.000 -1.000]
	// [2.000 -1.000]
}

func ExampleSinusoids() {
	compute(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Sinusoids(s, 8, 4) })
	// Output:
	// [0.000 1.000 0.000 1.000]
	// [0.841 0.540 0.010 1.000]
}
