package models

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

func init() {
	sizes := Sizes{testVocab, testRoom}
	own := func(name string, m Model) testCase {
		return testCase{name: name, model: m, recurrent: true, unbounded: true}
	}
	testCases = append(testCases,
		own("rnn", &RNN{Recurrent: Recurrent{Sizes: sizes, Layers: 2, Dim: 7}, Activation: "tanh"}),
		own("lstm", &LSTM{Recurrent: Recurrent{Sizes: sizes, Layers: 2, Dim: 6, Hidden: 7}, ForgetBias: 1}),
		own("lstm, norm, tied", &LSTM{Recurrent: Recurrent{Sizes: sizes, Layers: 1, Dim: 7, Norm: true, Tied: true}}),
		own("gru", &GRU{Recurrent{Sizes: sizes, Layers: 2, Dim: 6, Hidden: 5}}),
		own("lstm, unrolled", &unrolled{Sizes: sizes, dim: 6, cell: func(s *layers.Scope, in int) layers.Cell {
			return layers.NewLSTM(s, in, layers.RecurrentConfig{Hidden: 5})
		}}),
		own("own cell", &unrolled{Sizes: sizes, dim: 6}))
}

// unrolled is a model as a researcher writes one: a cell step by step, or, without a
// cell, one of Gorgonia's own ops inside Recur.
type unrolled struct {
	Sizes
	dim  int
	cell func(s *layers.Scope, in int) layers.Cell
}

func (c *unrolled) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	x := layers.Embedding(s.Sub("tok"), tokens, c.Vocab, c.dim)
	r := s.Sub("rnn")
	if c.cell != nil {
		return layers.Head(s.Sub("head"), layers.Unrolled(r, x, c.cell(r, c.dim)), c.Vocab)
	}
	wx, wh := r.Param("Wx", layers.Normal(0.4), c.dim, c.dim), r.Param("Wh", layers.Normal(0.4), c.dim, c.dim)
	x = layers.Recur(r, x, c.dim, func(x, prev *G.Node) *G.Node {
		return r.Must(G.Tanh(r.Must(G.Add(r.Must(G.Mul(x, wx)), r.Must(G.Mul(prev, wh))))))
	})
	return layers.Head(s.Sub("head"), x, c.Vocab)
}

func TestRecurrentChecks(t *testing.T) {
	sizes := Sizes{testVocab, testRoom}
	for want, m := range map[string]Model{
		"layers = 0":                         &GRU{Recurrent{Sizes: sizes, Dim: 7}},
		"hidden = dim, and they are 5 and 7": &GRU{Recurrent{Sizes: sizes, Layers: 1, Dim: 7, Hidden: 5, Tied: true}},
		"dropout = 1":                        &LSTM{Recurrent: Recurrent{Sizes: sizes, Layers: 1, Dim: 7, Dropout: 1}},
		`activation = "gelu"`:                &RNN{Recurrent: Recurrent{Sizes: sizes, Layers: 1, Dim: 7}, Activation: "gelu"},
		"vocab = 0":                          &RNN{Recurrent: Recurrent{Layers: 1, Dim: 7}, Activation: "relu"},
	} {
		assert.ErrorContains(t, m.Check(), want)
	}
	for _, name := range []string{"rnn", "gru", "lstm"} {
		m, err := New(name)
		require.NoError(t, err)
		m.Common().Vocab = 9
		assert.NoError(t, m.Check(), name)
	}
}
