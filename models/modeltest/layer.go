package modeltest

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
)

// Layer checks the derivative of an expression, such as a layer or a custom fused op, against
// finite differences in float64. It calls declare with operands of the given shapes and random
// values; declare may declare parameters. The loss is a sum of the result's values with random
// weights, so that wrong gradients do not cancel by symmetry.
func Layer(declare func(s *layers.Scope, in ...*G.Node) *G.Node, shapes ...[]int) error {
	m := models.Define(1, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		var in []*G.Node
		for i, shape := range shapes {
			in = append(in, s.Param(fmt.Sprintf("operand%d", i), layers.Normal(1), shape...))
		}
		y := declare(s.Sub("layer"), in...)
		if y == nil {
			s.Fail("the layer returned nothing")
		}
		s.AddLoss("sum", s.Apply(weighted, y, s.Const("weights", y.Shape(), func(i int) float64 { return 1 + float64(i*7919%13)/5 })), 1)
		return layers.Head(s.Sub("head"), layers.Embedding(s.Sub("tok"), tokens, vocab, 2), vocab)
	})
	m.Vocab = 2
	w := graph.NewWeights64(1)
	p, err := models.Train(m, w, graph.Frame{B: 1, T: 1}, models.Options{})
	if err != nil {
		return err
	}
	run := func() error { return p.Run(graph.Feed{Tokens: []int{0}, Targets: []int{1}}) }
	return Differences(p, w, run, Options{})
}

// weighted is the op that returns the sum of the products of two tensors.
//
//	y, weights: one shape → (1, 1)
var weighted = ops.Op{
	Name:  "weighted",
	Shape: func(...tensor.Shape) (tensor.Shape, error) { return tensor.Shape{1, 1}, nil },
	Float64: ops.Kernel64{
		Forward: func(in []ops.Arg64, out []float64) {
			out[0] = 0
			for i, w := range in[1].X {
				out[0] += w * in[0].X[i]
			}
		},
		Backward: func(in []ops.Arg64, _, dout []float64, din [][]float64) {
			for i, w := range in[1].X {
				din[0][i], din[1][i] = w*dout[0], in[0].X[i]*dout[0]
			}
		},
	},
}
