package training

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The losses of the targets add up to that of the part, whatever the order of the windows; each
// target of a text has a place of its own, at which its token is.
func TestTargetLosses(t *testing.T) {
	for name, sets := range map[string][]string{
		"random":     {"model.name=gpt", "model.dim=8"},
		"sequential": {"model.name=lstm", "model.dim=8", "data.order=sequential", "training.bptt=carry", "model.hidden=8"},
		"ngram":      {"model.name=ngram"},
		"pairs":      {"model.name=transformer", "model.dim=8", "data.name=copy", "data.size=60", "data.level=1"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Parse("", append([]string{"model.context=16", "training.steps=2", "training.eval_every=0", "training.sample=0",
				"data.name=tales", "data.size=20", "training.batch=4"}, sets...))
			require.NoError(t, err)
			r, err := New(c, "", nil)
			require.NoError(t, err)
			require.NoError(t, r.Train(context.Background()))
			s := &Saved{Config: r.Config, Tokenizer: r.Corpus.Tokenizer, Weights: r.Weights}
			want, n, err := s.ValidationLoss(context.Background(), r.Corpus, nil)
			require.NoError(t, err)
			sum, at := 0.0, map[[2]int]int{}
			require.NoError(t, s.TargetLosses(context.Background(), r.Corpus, "valid", func(place, i, id int, loss float64) {
				sum += loss
				if name != "pairs" {
					place, i = place+i, 0
				}
				require.NotContains(t, at, [2]int{place, i})
				at[[2]int{place, i}] = id
			}))
			assert.InDelta(t, want, sum, 1e-3*want)
			assert.Len(t, at, n)
			if name == "pairs" {
				return
			}
			text, err := r.Corpus.Text("valid", 0)
			require.NoError(t, err)
			ids, err := r.Corpus.Tokenizer.Encode(text)
			require.NoError(t, err)
			for i, id := range ids {
				assert.Equal(t, id, at[[2]int{i, 0}])
			}
		})
	}
}
