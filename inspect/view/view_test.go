package view

import (
	"testing"

	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
	"euryale/models"
	"euryale/models/modeltest"
)

var sizes = models.Sizes{Vocab: 11, Context: 12}

// tiny are small models of every kind, with values that are not small.
var tiny = map[string]models.Model{
	"gpt":         &models.GPT{Sizes: sizes, Layers: 2, Heads: 2, Dim: 8, Activation: "gelu", Bias: true, Tied: true},
	"llama":       &models.Llama{Sizes: sizes, Layers: 2, Heads: 4, KVHeads: 2, Dim: 8, Hidden: 6, RotaryBase: 100},
	"encoder":     &models.Encoder{Sizes: sizes, MaxLen: 12, Layers: 2, Heads: 2, Dim: 8, Hidden: 6, Activation: "gelu", Causal: true},
	"transformer": &models.Transformer{Sizes: sizes, Source: 6, Layers: 2, Heads: 2, Dim: 8, Activation: "relu", PreNorm: true, Tied: true},
	"seq2seq":     &models.Seq2Seq{Sizes: sizes, Source: 6, Cell: "lstm", Layers: 1, Dim: 8, Bidirectional: true, Attention: "general", Bridge: "copy"},
	"rnn":         &models.RNN{Recurrent: recurrent(), Activation: "tanh"},
	"lstm":        &models.LSTM{Recurrent: recurrent(), ForgetBias: 1},
	"gru":         &models.GRU{Recurrent: recurrent()},
}

func recurrent() models.Recurrent { return models.Recurrent{Sizes: sizes, Layers: 2, Dim: 8} }

// sample is a text that repeats, and its source.
var sample = Sequence{Tokens: []int{3, 1, 4, 2, 3, 1, 4, 2}, Targets: []int{1, 4, 2, 3, 1, 4, 2, -1}, Source: []int{5, 6, 7}}

// textOf returns the sample as the named model reads it.
func textOf(t testing.TB, name string) *Text {
	t.Helper()
	return textWith(t, tiny[name], graph.NewWeights(1))
}

func textWith(t testing.TB, m models.Model, w *graph.Weights) *Text {
	t.Helper()
	require.NoError(t, models.Declare(m, w))
	modeltest.Spread(w)
	x := &Text{Model: m, Weights: w, Sequence: sample, Piece: func(id int) string { return string(rune('a' + id)) }}
	if models.SourceOf(m) == 0 {
		x.Source = nil
	}
	return x
}
