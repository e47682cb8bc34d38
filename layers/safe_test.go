package layers_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers"
	"euryale/layers/graph"
)

// declared builds a graph of 2 sequences of 3 tokens with x (6, 384).
func declared(gradient bool, declare func(s *layers.Scope, x *G.Node)) (*graph.Graph, *graph.Weights, error) {
	w := graph.NewWeights(1)
	g, err := graph.Build(w, graph.Frame{B: 2, T: 3, Gradient: gradient}, func(s *layers.Scope) {
		declare(s, layers.Embedding(s.Sub("tok"), s.Tokens(), 7, 384))
	})
	return g, w, err
}

// Mistakes that once went unseen are errors that name the layer, the op and the helper.
func TestMistakesAreRefused(t *testing.T) {
	for want, declare := range map[string]func(s *layers.Scope, x *G.Node){
		"own: Slice of (6, 384): Gorgonia takes wrong ranges of axes longer than 256; use layers.Columns, layers.Rows": func(s *layers.Scope, x *G.Node) {
			s.Must(G.Slice(x, nil, G.S(256, 384)))
		},
		"own: Reshape of (8, 8): its result shares memory with its operand, which later ops then overwrite": func(s *layers.Scope, x *G.Node) {
			s.Must(G.Reshape(s.Param("W", layers.Normal(1), 8, 8), tensor.Shape{4, 16}))
		},
		"own: Dropout of (6, 384): its gradient is scaled by 1/p instead of 1/(1-p), and its mask follows no seed; use layers.Dropout": func(s *layers.Scope, x *G.Node) {
			s.Must(G.Dropout(x, 0.3))
		},
		"own: SoftMax of (6, 384): it overflows where rows differ in magnitude; use layers.Softmax": func(s *layers.Scope, x *G.Node) {
			s.Must(G.SoftMax(x, 1))
		},
		"own: Concat of (6, 384) and (6, 384): its gradient takes wrong ranges of axes longer than 256; use layers.Concat": func(s *layers.Scope, x *G.Node) {
			s.Must(G.Concat(1, x, x))
		},
		// A stock op inside one that goes through Must, and one that never does.
		"own: InverseSqrt of (6, 384)": func(s *layers.Scope, x *G.Node) { s.Must(G.Tanh(G.Must(G.InverseSqrt(x)))) },
		"Log2 of (6, 384): its gradient is too small, by a factor of ln²2; use layers.Log, layers.Scale (the node did not go through Must)": func(s *layers.Scope, x *G.Node) {
			G.Must(G.Log2(x))
		},
		"own: gorgonia.Mul at safe_test.go:": func(s *layers.Scope, x *G.Node) { s.Must(G.Mul(x, x)) },
		"(of (6, 384) and (6, 384))":         func(s *layers.Scope, x *G.Node) { s.Binary(G.Mul, x, x) },
		`own: "own/gate" is declared twice, first at safe_test.go:`: func(s *layers.Scope, x *G.Node) {
			s.Tap("gate", layers.Tanh(s, x))
			s.Tap("gate", layers.Sigmoid(s, x))
		},
		`own: "own/dropout" is declared twice, first at safe_test.go:`: func(s *layers.Scope, x *G.Node) {
			layers.Dropout(s, layers.Dropout(s, x, 0.1), 0.1)
		},
		"own: the op returned no node":                         func(s *layers.Scope, x *G.Node) { s.Must(nil, nil) },
		"own: a node is nil: ":                                 func(s *layers.Scope, x *G.Node) { layers.Linear(s, nil, 3) },
		"the definition panicked at safe_test.go:":             func(s *layers.Scope, x *G.Node) { _ = []int{}[s.T] },
		"own: the loss is (6, 384), want a value for each row": func(s *layers.Scope, x *G.Node) { s.AddLoss("aux", x, 1) },
		"own: the cell of a loop cannot hold a history": func(s *layers.Scope, x *G.Node) {
			inCell(s, x, func(h *G.Node) *G.Node { return s.History("keys", h) })
		},
		"own/sum: the cell of a loop cannot hold a recurrence": func(s *layers.Scope, x *G.Node) {
			inCell(s, x, func(h *G.Node) *G.Node { return layers.CumSum(s.Sub("sum"), h) })
		},
		"own: the cell of a loop cannot hold a loss": func(s *layers.Scope, x *G.Node) {
			inCell(s, x, func(h *G.Node) *G.Node { s.AddLoss("aux", h, 1); return h })
		},
		"own: the cell's result does not depend on the state: compute it without a loop": func(s *layers.Scope, x *G.Node) {
			layers.Recur(s, x, 384, func(x, h *G.Node) *G.Node { return layers.Tanh(s, x) })
		},
	} {
		g, w, err := declared(true, func(s *layers.Scope, x *G.Node) { declare(s.Sub("own"), x) })
		require.ErrorContains(t, err, want)
		var e *graph.Error
		require.ErrorAs(t, err, &e)
		assert.Nil(t, g)
		assert.Empty(t, w.All(), "a failed build leaves no parameters")
	}
}

// inCell puts f into the cell of a loop over x.
func inCell(s *layers.Scope, x *G.Node, f func(h *G.Node) *G.Node) {
	layers.Recur(s, x, 384, func(x, h *G.Node) *G.Node { return f(layers.Add(s, x, h)) })
}

// A loop's graph has the same size whatever the number of tokens, and what its cell
// computes is no tap.
func TestLoopDoesNotGrow(t *testing.T) {
	nodes := func(tokens int) int {
		g, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 2, T: tokens, Gradient: true}, func(s *layers.Scope) {
			x := layers.Embedding(s.Sub("tok"), s.Tokens(), 7, 8)
			layers.Recur(s.Sub("rnn"), x, 8, func(x, h *G.Node) *G.Node {
				return layers.Tanh(s, layers.Add(s, layers.Linear(s.Sub("x"), x, 8), layers.Linear(s.Sub("h"), h, 8)))
			})
		})
		require.NoError(t, err)
		_, err = g.Tap("h")
		assert.EqualError(t, err, `"h" is computed inside a loop, which stores only the state: make it part of the state to read it`)
		assert.Contains(t, g.Taps(), "rnn")
		assert.NotContains(t, g.Taps(), "h")
		return len(g.Expr().AllNodes())
	}
	assert.Equal(t, nodes(2), nodes(1024))
}

// Weight decay follows the use of a parameter, or what its scope says, and not its shape.
func TestDecayByUse(t *testing.T) {
	_, w, err := declared(false, func(s *layers.Scope, x *G.Node) {
		scale := s.Param("scale", layers.Fill(1), 1, 1)
		x = layers.Mul(s, x, scale)
		x = layers.LayerNorm(s.Sub("norm"), x)
		x = layers.Linear(s.Sub("proj"), x, 5)
		x = s.Must(G.Mul(x, s.Param("stock", layers.Normal(1), 5, 5)))
		x = layers.Linear(s.Sub("free").WithDecay(false), x, 5)
		layers.Add(s, x, s.WithDecay(true).Param("row", layers.Fill(0), 1, 5))
	})
	require.NoError(t, err)
	got := map[string]bool{}
	for _, p := range w.All() {
		got[p.Path] = p.Decay
	}
	assert.Equal(t, map[string]bool{"tok/W": true, "scale": false, "norm/gain": false, "norm/bias": false, "proj/W": true, "proj/b": false,
		"stock": true, "free/W": false, "free/b": false, "row": true}, got)
}
