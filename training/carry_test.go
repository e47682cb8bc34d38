package training

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
	"euryale/layers/graph"
	"euryale/models"
)

// carried is a run of a second whose state goes from batch to batch.
func carried(t testing.TB, name string, sets ...string) Config {
	t.Helper()
	c, err := Parse("", append([]string{"model.name=" + name, "model.layers=2", "model.dim=12", "model.context=8", "model.dropout=0.1",
		"data.order=sequential", "training.bptt=carry", "training.batch=5", "training.steps=40", "training.eval_every=20",
		"training.eval_tokens=500", "training.log_every=1", "training.sample=20", "schedule.warmup=5"}, sets...))
	require.NoError(t, err)
	c.Data.Name = book.Excerpt(t, 30000)
	return c
}

// A run that carries states was stopped and resumed: its losses are those of one that was
// never stopped, to the bit.
func TestResumeCarriesStates(t *testing.T) {
	for _, name := range []string{"lstm", "gru", "rnn"} {
		t.Run(name, func(t *testing.T) {
			c := carried(t, name)
			want := losses(t, begin(t, c, ""), 0)
			dir := filepath.Join(t.TempDir(), "run")
			got := losses(t, begin(t, c, dir), 23)
			r, err := Resume(dir, nil, nil)
			require.NoError(t, err)
			require.Equal(t, want, append(got, losses(t, r, 0)...))
			reset := losses(t, begin(t, carried(t, name, "training.bptt=reset"), ""), 0)
			assert.Equal(t, want[0], reset[0], "every sequence begins with nothing")
			assert.NotEqual(t, want[1], reset[1], "the second batch continues the first")
		})
	}
}

// The validation loss of a run that carries states is that of reading each sequence's piece
// from end to end, and less of the text is the beginning of every piece.
func TestValidationCarriesStates(t *testing.T) {
	c := carried(t, "lstm", "training.steps=30")
	r := begin(t, c, "")
	r.Watch.Step = nil
	require.NoError(t, r.Train(context.Background()))
	loss, err := r.Validate(true)
	require.NoError(t, err)
	raw, err := os.ReadFile(c.Data.Name)
	require.NoError(t, err)
	ids, err := r.Corpus.Tokenizer.Encode(string(raw))
	require.NoError(t, err)
	valid := ids[int(float64(len(ids))*0.9)-1:] // the first is only read
	windows := (len(valid) - 1 + c.Model.Common().Context - 1) / c.Model.Common().Context
	piece := (windows + c.Training.Batch - 1) / c.Training.Batch * c.Model.Common().Context
	sum, n := 0.0, 0
	for at := 0; at < len(valid)-1; at += piece {
		end := min(at+piece, len(valid)-1)
		p, err := models.Score(r.Config.Model, r.Weights, graph.Frame{B: 1, T: end - at})
		require.NoError(t, err)
		require.NoError(t, p.Run(graph.Feed{Tokens: valid[at:end], Targets: valid[at+1 : end+1]}))
		sum, n = sum+p.Loss()*float64(end-at), n+end-at
	}
	assert.InDelta(t, sum/float64(n), loss, 1e-5)
	again, err := r.Validate(false)
	require.NoError(t, err)
	first, err := r.Validate(false)
	require.NoError(t, err)
	assert.Equal(t, first, again, "a second evaluation begins where the first began")
	assert.False(t, math.IsNaN(again))
	require.NoError(t, r.Close())
}

// A Transformer cannot carry, and says so.
func TestOnlyRecurrentModelsCarry(t *testing.T) {
	_, err := New(tiny(t, "training.bptt=carry", "data.order=sequential"), "", nil)
	assert.ErrorContains(t, err, "is a history, which has no gradient: train without memory, on whole sequences")
}
