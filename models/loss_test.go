package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
)

// withLosses adds two losses of constants: a value for each row, and a single one.
func withLosses() *models.Defined {
	m := models.Define(testRoom, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, 3)
		s.AddLoss("rows", s.Const("row", []int{s.B * s.T, 1}, func(i int) float64 { return float64(10 * i) }), 0.5)
		s.AddLoss("single", s.Const("one", []int{1, 1}, func(int) float64 { return 7 }), 0.25)
		return layers.Head(s.Sub("head"), x, vocab)
	})
	m.Vocab = testVocab
	return m
}

// An added loss is the mean over the rows that have a target, of the whole batch if the
// graph is a shard of it; a single value is that of each such row. The objective weighs it.
func TestAddedLosses(t *testing.T) {
	p, err := models.Train(withLosses(), graph.NewWeights64(1), graph.Frame{B: 2, T: 3}, models.Options{})
	require.NoError(t, err)
	feed := graph.Feed{Tokens: []int{1, 2, 3 /**/, 4, 5, -1}, Targets: []int{2, -1, 4 /**/, 5, -1, -1}}
	require.NoError(t, p.Run(feed))
	require.Equal(t, []string{"rows", "single"}, []string{p.Losses()[0].Name, p.Losses()[1].Name})
	assert.InDelta(t, (0+20+30)/3.0, p.Added(0), 1e-12)
	assert.InDelta(t, 7, p.Added(1), 1e-12)
	assert.InDelta(t, p.Loss()+0.5*p.Added(0)+0.25*p.Added(1), p.Objective(), 1e-12)
	feed.Total = 5 // targets of the whole batch
	require.NoError(t, p.Run(feed))
	assert.InDelta(t, (0+20+30)/5.0, p.Added(0), 1e-12)
	assert.InDelta(t, 7*3.0/5, p.Added(1), 1e-12)
}

// squared is a loss of one's own: the squared error of the probability of the target.
func squared(s *layers.Scope, logits *G.Node) *G.Node {
	nll := layers.CrossEntropy(s, logits, 0) // 0 where there is no target
	return layers.Square(s, nll)
}

// A model with a loss of its own is trained on it, and scored by cross-entropy.
func TestLossOfOnesOwn(t *testing.T) {
	own := withLosses().WithLoss(squared)
	feed := graph.Feed{Tokens: []int{1, 2, 3}, Targets: []int{2, 3, -1}}
	w := graph.NewWeights64(1)
	train, err := models.Train(own, w, graph.Frame{B: 1, T: 3}, models.Options{})
	require.NoError(t, err)
	require.NoError(t, train.Run(feed))
	score, err := models.Score(own, w, graph.Frame{B: 1, T: 3})
	require.NoError(t, err)
	require.NoError(t, score.Run(feed))
	nll := score.Float64s("losses")
	assert.InDelta(t, (nll[0]*nll[0]+nll[1]*nll[1])/2, train.Loss(), 1e-12)
	assert.InDelta(t, (nll[0]+nll[1])/2, score.Loss(), 1e-12)
	_, err = models.Train(withLosses().WithLoss(func(_ *layers.Scope, logits *G.Node) *G.Node { return logits }), w, graph.Frame{B: 1, T: 3}, models.Options{})
	assert.ErrorContains(t, err, "the model's loss is (3, 11), want a value for each row: (3)")
}
