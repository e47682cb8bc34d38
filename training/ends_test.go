package training

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/training/rundir"
)

// A run whose loss does not get better ends after training.patience evaluations, is saved, and has nothing
// left to do when it is resumed.
func TestPatience(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := tiny(t, "optimizer.lr=1e-9", "training.patience=2", "training.eval_every=5", "training.steps=40")
	r := begin(t, c, dir)
	r.best = 0 // nothing is better
	require.NoError(t, r.Train(t.Context()))
	assert.Equal(t, 10, r.Steps())
	require.NoError(t, r.Close())
	r, err := Resume(dir, nil, nil)
	require.NoError(t, err)
	require.NoError(t, r.Train(t.Context()))
	assert.Equal(t, 10, r.Steps())
	require.NoError(t, r.Close())
}

// The plateau schedule lowers the rate after schedule.patience evaluations without a better
// loss, and a resumed run goes on with the lower rate.
func TestPlateau(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := tiny(t, "schedule.name=plateau", "schedule.warmup=0", "schedule.patience=2", "schedule.factor=0.5", "optimizer.lr=1e-8", "training.eval_every=2", "training.steps=11")
	r := begin(t, c, dir)
	r.best = 0
	var rates []float64
	r.Watch.Step = func(s Step) { rates = append(rates, s.LR*1e8) }
	require.NoError(t, r.Train(t.Context()))
	require.NoError(t, r.Close())
	assert.InDeltaSlice(t, []float64{1, 1, 1, 1, .5, .5, .5, .5, .25, .25, .25}, rates, 1e-9)
	r, err := Resume(dir, []string{"training.steps=12"}, nil)
	require.NoError(t, err)
	assert.InDelta(t, 0.125e-8, r.rate(), 1e-15, "the last evaluation was one more")
	require.NoError(t, r.Close())
}

// Kept weights are averaged.
func TestAverageRuns(t *testing.T) {
	dir, out := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "mean")
	r := begin(t, tiny(t, "training.keep=2", "training.save_every=5", "training.steps=20"), dir)
	require.NoError(t, r.Train(t.Context()))
	require.NoError(t, r.Close())
	kept, err := rundir.Kept(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, rundir.WeightsAt(15)), filepath.Join(dir, rundir.WeightsAt(20))}, kept)
	files, err := AverageRuns([]string{dir}, out)
	require.NoError(t, err)
	assert.Equal(t, kept, files)
	a, b := tensorsOf(t, kept[0]), tensorsOf(t, kept[1])
	for i, mean := range tensorsOf(t, filepath.Join(out, rundir.Weights)) {
		for j, x := range mean.Data.([]float32) {
			assert.InDelta(t, (float64(a[i].Data.([]float32)[j])+float64(b[i].Data.([]float32)[j]))/2, x, 1e-7)
		}
	}
	_, err = Open(out, false)
	require.NoError(t, err)

	_, err = AverageRuns([]string{out}, filepath.Join(t.TempDir(), "x"))
	assert.ErrorContains(t, err, "alone has nothing to be averaged with")
	_, err = AverageRuns([]string{dir}, out)
	assert.ErrorContains(t, err, "holds a run already")
	other := filepath.Join(t.TempDir(), "other")
	r = begin(t, tiny(t, "model.dim=32", "training.steps=1"), other)
	require.NoError(t, r.Train(t.Context()))
	require.NoError(t, r.Close())
	_, err = AverageRuns([]string{dir, other}, filepath.Join(t.TempDir(), "x"))
	assert.ErrorContains(t, err, "does not hold this model's weights")
	_, err = AverageRuns([]string{t.TempDir()}, out)
	assert.ErrorContains(t, err, "is not a run")
	_, err = AverageRuns([]string{"no/such"}, out)
	assert.ErrorIs(t, err, os.ErrNotExist)
}
