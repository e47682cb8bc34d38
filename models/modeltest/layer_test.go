package modeltest_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
	"euryale/models/modeltest"
)

// softsign is x/(1+|x|), as a researcher would write it: both types from one function.
func softsign[T ops.Float](slope T) ops.Kernel[T] {
	return ops.Kernel[T]{
		Forward: func(in []ops.Arg[T], out []T) {
			for i, x := range in[0].X {
				out[i] = x / (1 + T(math.Abs(float64(x))))
			}
		},
		Backward: func(in []ops.Arg[T], _, dout []T, din [][]T) {
			for i, x := range in[0].X {
				d := 1 + T(math.Abs(float64(x)))
				din[0][i] = slope * dout[i] / (d * d)
			}
		},
	}
}

func Softsign(s *layers.Scope, x *G.Node) *G.Node {
	return s.Apply(ops.Op{Name: "softsign", Float32: softsign[float32](1), Float64: softsign[float64](1)}, x)
}

// An op of one's own is checked in a line, and a wrong derivative is found.
func TestLayer(t *testing.T) {
	require.NoError(t, modeltest.Layer(func(s *layers.Scope, in ...*G.Node) *G.Node { return Softsign(s, in[0]) }, []int{3, 5}))
	err := modeltest.Layer(func(s *layers.Scope, in ...*G.Node) *G.Node {
		return s.Apply(ops.Op{Name: "softsign", Float64: softsign[float64](2)}, in[0])
	}, []int{3, 5})
	assert.ErrorContains(t, err, "operand0")
	require.NoError(t, modeltest.Layer(func(s *layers.Scope, in ...*G.Node) *G.Node {
		return layers.Linear(s.Sub("proj"), layers.Mul(s, in[0], in[1]), 2)
	}, []int{3, 5}, []int{3, 5}), "a composed layer with a parameter of its own")
}

// run computes a layer of x (3, 4) in float32.
func run(t *testing.T, declare func(s *layers.Scope, x *G.Node) *G.Node) ([]float32, error) {
	m := models.Define(3, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		return s.Tap("y", declare(s.Sub("own"), layers.Embedding(s.Sub("tok"), tokens, vocab, 4)))
	})
	m.Vocab = 4
	p, err := models.Score(m, graph.NewWeights(1), graph.Frame{B: 1, T: 3}, "y")
	if err != nil {
		return nil, err
	}
	if err := p.Run(graph.Feed{Tokens: []int{1, 2, 3}}); err != nil {
		return nil, err
	}
	return append([]float32(nil), p.Value("y")...), nil
}

// With a kernel of float64 alone, as in a notebook, an op gives float32 the same values.
func TestOwnOpInFloat64Alone(t *testing.T) {
	both, err := run(t, Softsign)
	require.NoError(t, err)
	one, err := run(t, func(s *layers.Scope, x *G.Node) *G.Node {
		return s.Apply(ops.Op{Name: "softsign", Float64: softsign[float64](1)}, x)
	})
	require.NoError(t, err)
	assert.InDeltaSlice(t, both, one, 1e-7)
}

// What goes wrong in an op of one's own is an error that names the layer.
func TestOwnOpErrors(t *testing.T) {
	for want, op := range map[string]ops.Op{
		"own/mine: runtime error: index out of range [12] with length 12": {Name: "mine", Float64: ops.Kernel64{Forward: func(in []ops.Arg64, out []float64) {
			for i := range len(out) + 1 {
				out[i] = 1
			}
		}}},
		"own: the op mine has no Float64.Forward": {Name: "mine"},
		"own: x is (3, 4), want 5 columns": {Name: "mine", Float64: softsign[float64](1), Shape: func(in ...tensor.Shape) (tensor.Shape, error) {
			return nil, fmt.Errorf("x is %v, want 5 columns", in[0])
		}},
	} {
		_, err := run(t, func(s *layers.Scope, x *G.Node) *G.Node { return s.Apply(op, x) })
		assert.EqualError(t, err, want)
	}
}
