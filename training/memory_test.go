package training

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
	"euryale/models"
)

// setMemoryLimit makes it look as if there were so many bytes.
func setMemoryLimit(t *testing.T, bytes float64) {
	was := memoryLimit
	t.Cleanup(func() { memoryLimit = was })
	memoryLimit = func() (float64, string) { return bytes, "in a test" }
}

// What the plan says of a model's memory is what a run takes.
func TestPlannedMemoryIsWhatARunTakes(t *testing.T) {
	text := book.Excerpt(t, 30000)
	for i, name := range models.Names() {
		c, err := Parse("", []string{"model.name=" + name, "data.name=" + text, "model.context=16", "training.batch=5"})
		require.NoError(t, err)
		c.Training.Accumulate = 1 + i%2
		if _, isPredictor := c.Model.(models.Predictor); isPredictor || models.IsBidirectional(c.Model) || models.SourceOf(c.Model) > 0 {
			continue
		}
		planned, err := new(Start).Plan(c, nil)
		require.NoError(t, err, name)
		cost, err := planned.Cost()
		require.NoError(t, err)
		for _, p := range planned.Weights.All() {
			assert.Nil(t, p.Float32(), "nothing is claimed")
		}
		require.NoError(t, planned.Corpus.Close())

		r, err := New(c, "", nil)
		require.NoError(t, err)
		again, err := r.Cost()
		require.NoError(t, err)
		assert.Equal(t, cost, again)
		_, err = r.Update()
		require.NoError(t, err)
		took := 0
		for _, s := range r.replicas.byShape[shape{5, 16, 0}].shards {
			took += s.Tape().Bytes()
		}
		assert.Equal(t, took, cost.Activations, name)
		state := 4 * c.Training.Accumulate * r.Weights.Count() // of one batch, the gradients are their sum
		for _, s := range r.updater.State() {
			state += 4 * len(s.Values)
		}
		assert.Equal(t, state, cost.Weights, name)
		require.NoError(t, r.Close())
	}
}

// What does not fit into memory is refused before it is claimed, in one line, and leaves
// nothing behind.
func TestMemoryIsKnownBeforeItIsClaimed(t *testing.T) {
	c := tiny(t)
	r, err := New(c, "", nil)
	require.NoError(t, err)
	cost, err := r.Cost()
	require.NoError(t, err)
	require.NoError(t, r.Close())
	dir := filepath.Join(t.TempDir(), "run")
	for bytes, want := range map[int]string{
		100:                                 "a batch needs 0.0 MB",
		cost.Weights - 1:                    "parameters, with the optimizer's state, needs 0.1 MB of memory, and there is 0.1 MB (in a test): lower model.dim or model.layers",
		cost.Weights + cost.Activations - 1: "training with batches of 5 sequences of 16 tokens needs",
	} {
		setMemoryLimit(t, float64(bytes))
		_, err := New(c, dir, nil)
		assert.ErrorContains(t, err, want)
		assert.NoDirExists(t, dir)
	}
	setMemoryLimit(t, float64(cost.Weights+cost.Activations))
	r, err = New(c, dir, nil)
	require.NoError(t, err)
	require.NoError(t, r.Save())
	require.NoError(t, r.Close())
	setMemoryLimit(t, float64(cost.Weights+cost.Activations-1))
	_, err = Resume(dir, nil, nil)
	assert.ErrorContains(t, err, "lower training.batch")
	setMemoryLimit(t, float64(cost.Weights/4-1))
	_, err = Open(dir, true)
	assert.ErrorContains(t, err, "the model of "+dir)
	_, err = new(Start).Plan(c, nil)
	assert.NoError(t, err, "it is only described")
}

// A model beyond all counting is refused, whatever there is.
func TestParametersBeyondCounting(t *testing.T) {
	c := tiny(t, "model.dim=10000000000")
	for _, open := range []func() (*Run, error){
		func() (*Run, error) { return new(Start).Plan(c, nil) },
		func() (*Run, error) { return New(c, "", nil) },
	} {
		_, err := open()
		assert.ErrorContains(t, err, "the model would have 2.4e+21 parameters: lower model.dim or model.layers")
	}
}
