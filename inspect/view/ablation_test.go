package view

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
)

// Two sequences of different lengths.
func pair(source bool) []Sequence {
	short := Sequence{Tokens: []int{2, 5, 2, 5, 1}, Targets: []int{5, 2, 5, 1, -1}, Source: []int{3, 3}}
	long := sample
	if !source {
		long.Source, short.Source = nil, nil
	}
	return []Sequence{long, short}
}

// Without a head the loss is that of a model whose projection has zeros in the head's rows; without an MLP, that of
// one whose last matrix and bias are zero.
func TestAblationIsAModelWithoutThePart(t *testing.T) {
	w := graph.NewWeights(1)
	x := textWith(t, tiny["gpt"], w)
	seqs := pair(false)
	f, err := Ablation(t.Context(), x.Model, w, seqs, 2)
	require.NoError(t, err)
	loss := func() float64 {
		p, err := run(x.Model, w, seqs)
		require.NoError(t, err)
		return p.Loss()
	}
	clean := loss()
	g := f.Grid("Δ loss")
	assert.Equal(t, []string{"h0/att", "h0/mlp", "h1/att", "h1/mlp"}, g.Rows.Labels)
	without := func(params ...[]float32) float64 {
		for _, p := range params {
			old := append([]float32(nil), p...)
			defer copy(p, old)
			clear(p)
		}
		return loss() - clean
	}
	proj := w.Get("h1/att/proj/W").Float32()
	assert.InDelta(t, without(proj[4*8:]), g.At(2, 2), 1e-5, "head 1 of h1")
	assert.InDelta(t, without(proj, w.Get("h1/att/proj/b").Float32()), g.At(2, 0), 1e-5)
	assert.InDelta(t, without(w.Get("h0/mlp/out/W").Float32(), w.Get("h0/mlp/out/b").Float32()), g.At(1, 0), 1e-5)
	assert.True(t, math.IsNaN(g.At(1, 1)), "an MLP has no heads")
	units := f.Grid("units: Δ loss")
	require.Equal(t, []string{"h0/mlp/post", "h1/mlp/post"}, units.Rows.Labels)
	unit := 0
	for _, digit := range units.Text[0] {
		unit = unit*10 + int(digit-'0')
	}
	assert.InDelta(t, without(w.Get("h0/mlp/out/W").Float32()[unit*8:(unit+1)*8]), units.At(0, 0), 1e-5)
	assert.True(t, strings.HasPrefix(g.Notes[0], "± "), g.Notes[0])
}

// Every kind of model has layers to leave out; those of encoder–decoders are on both sides.
func TestAblationOfEveryModel(t *testing.T) {
	for name, layers := range map[string]string{"llama": "h0/att h0/mlp h1/att h1/mlp", "rnn": "rnn0 rnn1", "gru": "gru0 gru1", "lstm": "lstm0 lstm1",
		"transformer": "enc/h0/att enc/h0/mlp enc/h1/att enc/h1/mlp dec/h0/att dec/h0/cross dec/h0/mlp dec/h1/att dec/h1/cross dec/h1/mlp",
		"seq2seq":     "enc/lstm0/backward enc/lstm0/forward dec/lstm0"} {
		x := textOf(t, name)
		f, err := Ablation(t.Context(), x.Model, x.Weights, pair(x.Source != nil), 1)
		require.NoError(t, err, name)
		assert.Equal(t, layers, strings.Join(f.Grid("Δ loss").Rows.Labels, " "))
		for i := range f.Grid("Δ loss").Rows.Labels {
			assert.NotZero(t, f.Grid("Δ loss").At(i, 0), "%s, row %d", name, i)
		}
	}
	x := textOf(t, "gpt")
	_, err := Ablation(t.Context(), x.Model, x.Weights, nil, 1)
	assert.ErrorContains(t, err, "there is no other text")
}

// The interval is that of the mean of normal values: 1.96 standard errors.
func TestInterval(t *testing.T) {
	mean, half := interval([]float64{1, 2, 3, 4})
	assert.InDelta(t, 2.5, mean, 1e-12)
	assert.InDelta(t, 1.96*math.Sqrt(5.0/3/4), half, 1e-12)
	_, half = interval([]float64{1})
	assert.True(t, math.IsNaN(half))
}
