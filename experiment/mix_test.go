package experiment

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data"
	"euryale/models/ngram"
	"euryale/training"
)

// tokenLosses returns the losses of a run by place, read without the code under test.
func tokenLosses(t *testing.T, dir string) (losses []float64, ids []int) {
	s, err := training.Open(dir, false)
	require.NoError(t, err)
	corpus, err := s.OpenCorpus(data.Options{})
	require.NoError(t, err)
	defer corpus.Close()
	losses, ids = make([]float64, corpus.Info.Valid), make([]int, corpus.Info.Valid)
	require.NoError(t, s.TargetLosses(context.Background(), corpus, "valid", func(place, i, id int, loss float64) {
		losses[place+i], ids[place+i] = loss, id
	}))
	return losses, ids
}

// The loss of the mixture is that of the weighted mean of the probabilities, of runs whose sequences differ in
// length and order; the weights depend on earlier tokens alone.
func TestMixRuns(t *testing.T) {
	name := "data.name=" + text(t, rays)
	a := trained(t, "a", name)
	c, err := training.Parse("", []string{name, "model.name=lstm", "model.layers=1", "model.dim=8", "model.hidden=16", "model.context=24", "data.order=sequential",
		"training.bptt=carry", "training.batch=3", "training.steps=10", "training.eval_every=5", "training.sample=0"})
	require.NoError(t, err)
	b := train(t, "b", c)
	m, err := MixRuns(context.Background(), []string{a, b}, MixOptions{Cache: 5})
	require.NoError(t, err)

	la, ids := tokenLosses(t, a)
	lb, same := tokenLosses(t, b)
	require.Equal(t, ids, same)
	cache, err := ngram.NewCache(vocabOf(t, a), 5)
	require.NoError(t, err)
	w := [3]float64{1. / 3, 1. / 3, 1. / 3}
	want, own := 0.0, [3]float64{}
	for i, id := range ids {
		p := [3]float64{math.Exp(-la[i]), math.Exp(-lb[i]), cache.Prob(id)}
		cache.Read(id)
		mean := w[0]*p[0] + w[1]*p[1] + w[2]*p[2]
		want -= math.Log(mean)
		for j := range w {
			own[j] -= math.Log(p[j])
			w[j] = 0.99*w[j] + 0.01*w[j]*p[j]/mean
		}
	}
	n := float64(len(ids))
	assert.Equal(t, len(ids), m.Tokens)
	assert.InDelta(t, want/n, m.Loss, 1e-6)
	weights := 0.0
	for j, member := range m.Members {
		assert.InDelta(t, own[j]/n, member.Loss, 1e-6, member.Name)
		weights += member.Weight
	}
	assert.InDelta(t, 1, weights, 1e-9)
	assert.Less(t, m.Loss, min(m.Members[0].Loss, m.Members[1].Loss)-0.3, "the text repeats one sentence: a cache predicts it")
	assert.Contains(t, m.String(), "5-grams of the text before")
}

func vocabOf(t *testing.T, dir string) int {
	s, err := training.Open(dir, false)
	require.NoError(t, err)
	return s.Config.Model.Common().Vocab
}

func TestMixRunsRefuses(t *testing.T) {
	a, other := trained(t, "a", "data.name="+text(t, rays)), trained(t, "b", "data.name="+text(t, "The Light of Rays which differ in Colour differ also in Refrangibility."))
	bpe := trained(t, "c", "data.name="+text(t, rays), "tokenizer.kind=bpe", "tokenizer.vocab=270")
	table := trained(t, "d", "data.name=tales", "data.task=pairs", "data.size=20", "model.context=128")
	for _, c := range []struct {
		dirs  []string
		cache int
		says  string
	}{
		{[]string{a, other}, 0, "predicts other tokens"},
		{[]string{a, bpe}, 0, "a vocabulary of 270"},
		{[]string{table}, 4, "running text"},
		{[]string{a}, 17, "want 1 to 16"},
		{[]string{"nowhere"}, 3, "nowhere"},
		{nil, 3, "at least one run"},
	} {
		_, err := MixRuns(context.Background(), c.dirs, MixOptions{Cache: c.cache})
		assert.ErrorContains(t, err, c.says, "%v", c.dirs)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := MixRuns(ended, []string{a}, MixOptions{Cache: 3})
	assert.ErrorIs(t, err, context.Canceled)
}
