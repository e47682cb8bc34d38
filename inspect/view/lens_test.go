package view

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
)

// The lens after the last block is the model's own logits, to the bit.
func TestLensOfTheLastLayer(t *testing.T) {
	for _, name := range []string{"gpt", "llama", "encoder", "transformer"} {
		x := textOf(t, name)
		g, err := x.graph()
		require.NoError(t, err)
		taps := stream(g)
		require.Len(t, taps, 3, name)
		all, err := x.lens(taps)
		require.NoError(t, err)
		p, err := x.read("logits")
		require.NoError(t, err)
		assert.Equal(t, p.Float64s("logits"), all[2], name)
		assert.NotEqual(t, all[1], all[2], name)
	}
}

// The lens after the first block is the final norm and the head of its residual stream, computed here.
func TestLensOfTheFirstLayer(t *testing.T) {
	w := graph.NewWeights(1)
	x := textWith(t, tiny["gpt"], w)
	p, err := x.read("h0/resid")
	require.NoError(t, err)
	f, err := LogitLens(x)
	require.NoError(t, err)
	g := f.Grid("log p")
	assert.Equal(t, []string{"embed", "h0", "h1"}, g.Rows.Labels)
	gain, bias, table := values(w.Get("ln/gain")), values(w.Get("ln/bias")), values(w.Get("tok/W"))
	for i := range 7 {
		row := p.Float64s("h0/resid")[i*8 : (i+1)*8]
		mean, variance := 0.0, 0.0
		for _, v := range row {
			mean += v / 8
		}
		for _, v := range row {
			variance += (v - mean) * (v - mean) / 8
		}
		normed := make([]float64, 8)
		for j, v := range row {
			normed[j] = (v-mean)/math.Sqrt(variance+1e-5)*gain[j] + bias[j]
		}
		logits := make([]float64, 11)
		for id := range logits {
			logits[id] = dot(normed, table[id*8:(id+1)*8])
		}
		logp := logSoftmax(logits)
		assert.InDelta(t, logp[x.Targets[i]], g.At(1, i), 1e-4)
		best := f.Grid("most likely")
		assert.Equal(t, x.Piece(top(logp, 1)[0]), best.Text[8+i])
		assert.InDelta(t, math.Exp(logp[top(logp, 1)[0]]), best.At(1, i), 1e-4)
	}
	assert.True(t, math.IsNaN(g.At(0, 7)), "the last token predicts none")
	_, err = LogitLens(textOf(t, "lstm"))
	assert.ErrorContains(t, err, "no residual stream")
}
