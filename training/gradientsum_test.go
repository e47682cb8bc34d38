package training

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"
)

// updated returns the losses of a run's first updates, and its weights after them.
func updated(t *testing.T, c Config, prepare func(r *Run)) (losses []float64, weights map[string][]float32) {
	t.Helper()
	r := begin(t, c, "")
	defer func() { require.NoError(t, r.Close()) }()
	prepare(r)
	for range 4 {
		s, err := r.Update()
		require.NoError(t, err)
		losses = append(losses, s.Loss, s.GradNorm)
	}
	weights = map[string][]float32{}
	for _, p := range r.Weights.All() {
		weights[p.Path] = p.Float32()
	}
	return losses, weights
}

// Gradients that are added up while the shards run have the bits of those that are added up after,
// and take less memory.
func TestGradientSumIsTheSame(t *testing.T) {
	for name, c := range map[string]Config{"gpt": tiny(t, "training.shards=3"), "carried lstm": carried(t, "lstm")} {
		var memory [2]int
		run := func(i int, prepare func(r *Run)) ([]float64, map[string][]float32) {
			return updated(t, c, func(r *Run) {
				prepare(r)
				cost, err := r.Cost()
				require.NoError(t, err)
				memory[i] = cost.Activations
			})
		}
		losses, weights := run(0, func(*Run) {})
		after, afterwards := run(1, func(r *Run) {
			r.replicas.settings.Accumulate = 2 // they are kept then
			clear(r.replicas.byShape)
		})
		assert.Equal(t, after, losses, name)
		assert.Equal(t, afterwards, weights, name)
		if name == "gpt" { // most memory of the other is in use when there are no gradients yet
			assert.Less(t, memory[0], memory[1])
		}
	}
}

// A shard does not wait for one that has failed.
func TestGradientSumOfAFailedShard(t *testing.T) {
	s := newGradientSum(1, 3)
	s.begin()
	s.add(0, 0, tensor.New(tensor.WithBacking([]float32{1, 2})))
	done := make(chan bool)
	go func() {
		s.add(2, 0, tensor.New(tensor.WithBacking([]float32{10, 20})))
		close(done)
	}()
	select {
	case <-done:
		t.Fatal("the third shard did not wait for the second")
	case <-time.After(20 * time.Millisecond):
	}
	s.fail()
	<-done
	assert.Equal(t, []float32{1, 2}, s.sums[0])
	s.begin()
	s.add(0, 0, tensor.New(tensor.WithBacking([]float32{1, 2})))
	s.add(1, 0, tensor.New(tensor.WithBacking([]float32{10, 20})))
	assert.Equal(t, []float32{11, 22}, s.sums[0])
}

// training.recompute changes the memory of a run and not its results, also where state is carried; a model
// without blocks is refused.
func TestRecompute(t *testing.T) {
	for name, c := range map[string]Config{"gpt": tiny(t, "model.dropout=0.1"), "carried lstm": carried(t, "lstm")} {
		losses, weights := updated(t, c, func(*Run) {})
		c.Training.Recompute = "block"
		again, same := updated(t, c, func(*Run) {})
		assert.Equal(t, losses, again, name)
		assert.Equal(t, weights, same, name)
	}
	c := tiny(t, "training.steps=6", "schedule.steps=6")
	whole := begin(t, c, "")
	require.NoError(t, whole.Train(context.Background()))
	dir := filepath.Join(t.TempDir(), "run")
	c.Training.Steps = 3
	half := begin(t, c, dir)
	require.NoError(t, half.Train(context.Background()))
	require.NoError(t, half.Close())
	resumed, err := Resume(dir, []string{"training.steps=6", "training.recompute=block"}, nil)
	require.NoError(t, err)
	require.NoError(t, resumed.Train(context.Background()))
	for i, p := range whole.Weights.All() {
		assert.Equal(t, p.Float32(), resumed.Weights.All()[i].Float32(), "resumed: %s", p.Path)
	}
	require.NoError(t, resumed.Close())
	c.Training.Recompute = "layer"
	assert.EqualError(t, c.Check(), `training.recompute is "layer": want none or block`)
}
