package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/models/modeltest"
)

func init() {
	own := func(name string, m models.Model) testCase {
		return testCase{name: name, model: m, recurrent: true, unbounded: true}
	}
	testCases = append(testCases,
		own("rnn", &models.RNN{Recurrent: models.Recurrent{Sizes: testSizes, Layers: 2, Dim: 7}, Activation: "tanh"}),
		own("lstm", &models.LSTM{Recurrent: models.Recurrent{Sizes: testSizes, Layers: 2, Dim: 6, Hidden: 7}, ForgetBias: 1}),
		own("lstm, norm, tied", &models.LSTM{Recurrent: models.Recurrent{Sizes: testSizes, Layers: 1, Dim: 7, Norm: true, Tied: true}}),
		own("gru", &models.GRU{Recurrent: models.Recurrent{Sizes: testSizes, Layers: 2, Dim: 6, Hidden: 5}}),
		own("lstm, unrolled", &unrolled{Sizes: testSizes, dim: 6, cell: func(s *layers.Scope, in int) layers.Cell {
			return layers.NewLSTM(s, in, layers.RecurrentConfig{Hidden: 5})
		}}),
		own("own cell", &unrolled{Sizes: testSizes, dim: 6}))
}

// unrolled is a model as a researcher writes one: a cell step by step, or, without a
// cell, one of Gorgonia's own ops inside Recur.
type unrolled struct {
	models.Sizes
	dim   int
	cell  func(s *layers.Scope, in int) layers.Cell
	fused func(s *layers.Scope, x *G.Node) *G.Node // in place of the cell
}

func (c *unrolled) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	x := layers.Embedding(s.Sub("tok"), tokens, c.Vocab, c.dim)
	r := s.Sub("rnn")
	switch {
	case c.fused != nil:
		x = c.fused(r, x)
	case c.cell != nil:
		x = layers.Unrolled(r, x, c.cell(r, c.dim))
	default:
		wx, wh := r.Param("Wx", layers.Normal(0.4), c.dim, c.dim), r.Param("Wh", layers.Normal(0.4), c.dim, c.dim)
		x = layers.Recur(r, x, c.dim, func(x, prev *G.Node) *G.Node {
			return r.Must(G.Tanh(r.Must(G.Add(r.Must(G.Mul(x, wx)), r.Must(G.Mul(prev, wh))))))
		})
	}
	return layers.Head(s.Sub("head"), x, c.Vocab)
}

// The fused ops compute what their cells do step by step in Gorgonia's own ops: the loss
// and every gradient, with ragged sequences. Hidden is such that the gates have more than 256
// columns, where Gorgonia's own slices go wrong.
func TestFusedAgreesWithUnrolled(t *testing.T) {
	tanh, relu := layers.RecurrentConfig{Hidden: 70}, layers.RecurrentConfig{Hidden: 70, Act: "relu"}
	first := func(h, _ *G.Node) *G.Node { return h }
	for name, c := range map[string]unrolled{
		"lstm": {cell: func(s *layers.Scope, in int) layers.Cell { return layers.NewLSTM(s, in, tanh) },
			fused: func(s *layers.Scope, x *G.Node) *G.Node { return first(layers.LSTM(s, x, tanh)) }},
		"gru": {cell: func(s *layers.Scope, in int) layers.Cell { return layers.NewGRU(s, in, tanh) },
			fused: func(s *layers.Scope, x *G.Node) *G.Node { return first(layers.GRU(s, x, tanh)) }},
		"rnn": {cell: func(s *layers.Scope, in int) layers.Cell { return layers.NewRNN(s, in, tanh) },
			fused: func(s *layers.Scope, x *G.Node) *G.Node { return first(layers.RNN(s, x, tanh)) }},
		"rnn with relu": {cell: func(s *layers.Scope, in int) layers.Cell { return layers.NewRNN(s, in, relu) },
			fused: func(s *layers.Scope, x *G.Node) *G.Node { return first(layers.RNN(s, x, relu)) }},
		"gru without biases": {cell: func(s *layers.Scope, in int) layers.Cell { return layers.NewGRU(s.WithBias(false), in, tanh) },
			fused: func(s *layers.Scope, x *G.Node) *G.Node { return first(layers.GRU(s.WithBias(false), x, tanh)) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := graph.NewWeights64(1)
			fused := &unrolled{Sizes: testSizes, dim: 6, fused: c.fused}
			spread(t, fused, w)
			a, b := trained(t, fused, w), trained(t, &unrolled{Sizes: testSizes, dim: 6, cell: c.cell}, w)
			require.InDelta(t, a.Loss(), b.Loss(), 1e-12)
			require.Equal(t, len(a.Params()), len(b.Params()))
			for i, g := range a.Gradients() {
				assert.Equal(t, a.Params()[i].Name(), b.Params()[i].Name())
				assert.InDeltaSlice(t, g.Float64s(), b.Gradients()[i].Float64s(), 1e-12, a.Params()[i].Name())
			}
		})
	}
}

// trained is a training program after one run on ragged sequences.
func trained(t *testing.T, m models.Model, w *graph.Weights) *models.Program {
	p, err := models.Train(m, w, graph.Frame{B: 3, T: 4}, models.Options{})
	require.NoError(t, err)
	require.NoError(t, p.Run(graph.Feed{
		Tokens:  []int{1, 2, 3, 4 /**/, 5, 6, -1, -1 /**/, -1, -1, -1, -1},
		Targets: []int{2, 3, 4, 10 /**/, 6, 1, -1, -1 /**/, -1, -1, -1, -1},
	}))
	return p
}

func TestRecurrentChecks(t *testing.T) {
	for want, m := range map[string]models.Model{
		"layers = 0":                         &models.GRU{Recurrent: models.Recurrent{Sizes: testSizes, Dim: 7}},
		"hidden = dim, but they are 5 and 7": &models.GRU{Recurrent: models.Recurrent{Sizes: testSizes, Layers: 1, Dim: 7, Hidden: 5, Tied: true}},
		"dropout = 1":                        &models.LSTM{Recurrent: models.Recurrent{Sizes: testSizes, Layers: 1, Dim: 7, Dropout: 1}},
		`activation = "gelu"`:                &models.RNN{Recurrent: models.Recurrent{Sizes: testSizes, Layers: 1, Dim: 7}, Activation: "gelu"},
		"vocab = 0":                          &models.RNN{Recurrent: models.Recurrent{Layers: 1, Dim: 7}, Activation: "relu"},
	} {
		assert.ErrorContains(t, m.Check(), want)
	}
	for _, name := range []string{"rnn", "gru", "lstm"} {
		m, err := models.New(name)
		require.NoError(t, err)
		m.Common().Vocab = 9
		assert.NoError(t, m.Check(), name)
	}
}

// Truncated back-propagation through time: a text read in pieces has the losses of the
// forward pass, and the gradients of a chunk are those with a constant initial state.
func TestPiecesCarryStates(t *testing.T) {
	for name, m := range map[string]models.Model{
		"rnn":  &models.RNN{Recurrent: models.Recurrent{Sizes: testSizes, Layers: 2, Dim: 5}, Activation: "tanh"},
		"lstm": &models.LSTM{Recurrent: models.Recurrent{Sizes: testSizes, Layers: 2, Dim: 5}},
		"gru":  &models.GRU{Recurrent: models.Recurrent{Sizes: testSizes, Layers: 2, Dim: 5}},
	} {
		t.Run(name, func(t *testing.T) {
			w := spread(t, m, graph.NewWeights64(1))
			text := []int{1, 2, 3, 4, 5, 6, 7, 8, 9}
			whole, err := models.Score(m, w, graph.Frame{B: 1, T: 8})
			require.NoError(t, err)
			require.NoError(t, whole.Run(graph.Feed{Tokens: text[:8], Targets: text[1:]}))
			memories := [2]*graph.Memory{} // one at work, one that keeps the state between the pieces
			for i := range memories {
				memories[i], err = models.NewMemory(m, w, 1, 0, 0)
				require.NoError(t, err)
			}
			p, err := models.Train(m, w, graph.Frame{B: 1, T: 4, Memory: memories[0]}, models.Options{})
			require.NoError(t, err)
			require.NoError(t, p.Run(graph.Feed{Tokens: text[:4], Targets: text[1:5]}))
			first := p.Loss()
			require.NoError(t, memories[1].Copy(0, memories[0], 0))
			second := func() error {
				if err := memories[0].Copy(0, memories[1], 0); err != nil {
					return err
				}
				return p.Run(graph.Feed{Tokens: text[4:8], Targets: text[5:]})
			}
			require.NoError(t, second())
			require.InDelta(t, whole.Loss(), (first+p.Loss())/2, 1e-12)
			require.NoError(t, modeltest.Differences(p, w, second, modeltest.Options{Entries: 12}))
		})
	}
}
