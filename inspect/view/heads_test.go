package view

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
	"euryale/models"
)

// A head whose weights were written by hand has the score that it was written for.
func TestHeadScoresOfKnownWeights(t *testing.T) {
	const n = 3
	pattern := func(key func(i int) int) []float64 {
		w := make([]float64, 4*n*n)
		for i := range 2 * n {
			w[i*2*n+max(key(i), 0)] = 1
		}
		return w
	}
	all := []attention{{layer: "h0/att", rows: 2 * n, cols: 2 * n, heads: [][]float64{
		pattern(func(i int) int { return i - 1 }), pattern(func(i int) int { return i - n }), pattern(func(i int) int { return i - n + 1 })}},
		{layer: "cross", rows: 2 * n, cols: n, toSource: true}}
	scores := addScores(addScores(nil, all, n, 2), all, n, 2)
	require.Len(t, scores, 3, "attention to the source has no score")
	assert.Equal(t, HeadScore{"h0/att", 0, 1, 0, 0}, rounded(scores[0]))
	assert.Equal(t, HeadScore{"h0/att", 1, 0.2, 1, 0}, rounded(scores[1]), "position 1 attends to 0 by max")
	assert.Equal(t, HeadScore{"h0/att", 2, 0.2, 0, 1}, rounded(scores[2]))
	f := HeadFigure(scores)
	assert.InDelta(t, 1, f.Grid("induction").At(0, 2), 1e-9)
	assert.Equal(t, "h0/att/head2", scores[2].Path())
}

func rounded(s HeadScore) HeadScore {
	r := func(v float64) float64 { return float64(int(v*1000+0.5)) / 1000 }
	return HeadScore{s.Layer, s.Head, r(s.Previous), r(s.Duplicate), r(s.Induction)}
}

// The scores of a model are those of its attention maps.
func TestHeadScores(t *testing.T) {
	w := graph.NewWeights(1)
	x := textWith(t, tiny["gpt"], w)
	o := HeadOptions{Length: 4, Texts: 1, Seed: 3}
	scores, err := HeadScores(x.Model, w, o)
	require.NoError(t, err)
	texts, _, err := o.texts(x.Model)
	require.NoError(t, err)
	x.Sequence = texts[0]
	f, err := Attention(x)
	require.NoError(t, err)
	require.Len(t, scores, 4)
	for _, s := range scores {
		g := f.Grid(s.Path())
		assert.InDelta(t, (g.At(4, 1)+g.At(5, 2)+g.At(6, 3)+g.At(7, 4))/4, s.Induction, 1e-6, s.Path())
	}
	again, err := HeadScores(x.Model, w, o)
	require.NoError(t, err)
	assert.Equal(t, scores, again)
	both, err := HeadScores(tiny["transformer"], textOf(t, "transformer").Weights, HeadOptions{})
	require.NoError(t, err)
	assert.Len(t, both, 4, "the decoder's own attention only")
}

func TestHeadScoresRefuses(t *testing.T) {
	_, err := HeadScores(tiny["lstm"], textOf(t, "lstm").Weights, HeadOptions{})
	assert.ErrorContains(t, err, "no attention layers")
	_, err = HeadScores(tiny["seq2seq"], textOf(t, "seq2seq").Weights, HeadOptions{})
	assert.ErrorContains(t, err, "no self-attention over the text")
	_, err = HeadScores(tiny["gpt"], textOf(t, "gpt").Weights, HeadOptions{Length: 7})
	assert.ErrorContains(t, err, "the repeated part has 7 tokens, want from 2 to half of the model's context, 6")
	m := *tiny["encoder"].(*models.Encoder)
	m.Causal = false
	_, err = HeadScores(&m, textOf(t, "encoder").Weights, HeadOptions{})
	assert.ErrorContains(t, err, "bidirectional")
}
