package view

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Log-probabilities are the losses of the program, ranks and entropies those of the logits.
func TestPredictions(t *testing.T) {
	x := textOf(t, "gpt")
	f, err := Predictions(x)
	require.NoError(t, err)
	g, ranks, entropies := f.Grid("log p"), f.Grid("rank"), f.Grid("entropy")
	assert.Equal(t, []string{"b", "e", "c", "d", "b", "e", "c"}, g.Cols.Labels)
	assert.Equal(t, []int{1, 2, 3, 4, 5, 6, 7}, g.Cols.Index, "the positions of the predicted tokens")
	p, err := x.read("logits")
	require.NoError(t, err)
	losses, logits := p.Float64s("losses"), p.Float64s("logits")
	for j := range 7 {
		assert.InDelta(t, -losses[j], g.At(0, j), 1e-5)
		row, rank, entropy, sum := logits[j*11:(j+1)*11], 1.0, 0.0, 0.0
		for _, l := range row {
			sum += math.Exp(l)
			if l > row[x.Targets[j]] {
				rank++
			}
		}
		for _, l := range row {
			q := math.Exp(l) / sum
			entropy -= q * math.Log(q)
		}
		assert.Equal(t, rank, ranks.At(0, j))
		assert.InDelta(t, entropy, entropies.At(0, j), 1e-6)
	}
	assert.NotEmpty(t, g.Notes[0], "the most likely tokens")
	x.Tokens, x.Targets = x.Tokens[:1], []int{-1}
	_, err = Predictions(x)
	assert.ErrorContains(t, err, "the text predicts no token")
	assert.Equal(t, []int{3, 0, 2}, top([]float64{5, 1, 4, 9}, 3))
}
