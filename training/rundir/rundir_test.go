package rundir

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/runfile"
	"euryale/layers/graph"
)

// The newest run is one that has weights.
func TestNewestHasWeights(t *testing.T) {
	runs := t.TempDir()
	put := func(run, file string, age time.Duration) {
		path := filepath.Join(runs, run, file)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, nil, 0o666))
		at := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(path, at, at))
	}
	put("dead", "config.toml", 0)
	_, err := Newest(runs)
	assert.ErrorContains(t, err, "there is no run with weights in "+runs)
	for run, age := range map[string]time.Duration{"old": time.Hour, "new": time.Minute} {
		put(run, "config.toml", time.Second)
		put(run, "weights.safetensors", age)
	}
	newest, err := Newest(runs)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(runs, "new"), newest)
}

// small returns weights of two parameters.
func small(t *testing.T) *graph.Weights {
	t.Helper()
	w := graph.NewWeights(0)
	require.NoError(t, w.Add("b", []int{2}, []float32{5, 6}))
	require.NoError(t, w.Add("a/W", []int{2, 2}, []float32{1, 2, 3, 4}))
	return w
}

// A checkpoint is read as it was written; its weights keep the order of the parameters.
func TestCheckpoint(t *testing.T) {
	dir, w := t.TempDir(), small(t)
	c := Checkpoint{Model: "gpt", Seed: 7, Step: 3, Tokens: 99, Elapsed: 1500 * time.Millisecond, Best: math.Inf(1), Weights: w,
		Optimizer: []Tensor{{"m/a/W", []int{2, 2}, []float32{1, 1, 2, 2}}, {"m/b", []int{2}, []float32{7, 8}}},
		Carried:   map[int]map[string][]float32{0: {"rnn/h": {1}}, 12: {"rnn/h": {2, 3}}}}
	require.NoError(t, c.Save(dir))
	got, err := LoadCheckpoint(dir, w.All())
	require.NoError(t, err)
	for i, p := range got.Weights.All() {
		assert.Equal(t, w.All()[i].Path, p.Path)
		assert.Equal(t, w.All()[i].Float32(), p.Float32())
	}
	c.Model, c.Seed, got.Weights = "", 0, w
	assert.Equal(t, &c, got)
}

// What is damaged or of something else is refused, with the file and the reason.
func TestCheckpointErrors(t *testing.T) {
	dir, w := t.TempDir(), small(t)
	_, err := LoadCheckpoint(dir, w.All())
	assert.ErrorIs(t, err, os.ErrNotExist)
	path := filepath.Join(dir, State)
	require.NoError(t, SaveWeights(path, w, "gpt"))
	_, err = LoadCheckpoint(dir, w.All())
	assert.ErrorContains(t, err, `is not the state of a run (format "euryale-weights", version "1")`)
	require.NoError(t, (&Checkpoint{Weights: w, Step: -1}).Save(dir))
	_, err = LoadCheckpoint(dir, w.All())
	assert.ErrorContains(t, err, "step -1, 0 tokens, best loss 0: the file is damaged")
	require.NoError(t, (&Checkpoint{Weights: w}).Save(dir))
	_, err = LoadCheckpoint(dir, w.All()[:1])
	assert.EqualError(t, err, path+" does not hold this model's weights: a/W is not a parameter of the model")
	ts, meta, err := runfile.LoadTensors(path)
	require.NoError(t, err)
	meta["tokens"] = "many"
	require.NoError(t, runfile.SaveTensors(path, ts, meta))
	_, err = LoadCheckpoint(dir, w.All())
	assert.EqualError(t, err, path+`: tokens is "many", want a number`)
}

// A log that is opened again after fewer updates drops what later ones wrote, and draws
// the curve from all that is left.
func TestLogIsCutWhenOpened(t *testing.T) {
	dir := t.TempDir()
	l, err := OpenLog(dir, 0)
	require.NoError(t, err)
	for step := 1; step <= 4; step++ {
		values := map[string]float64{"loss": 1 / float64(step)}
		if step%2 == 0 {
			values["val_loss"] = 2
			require.NoError(t, l.AddSample(step, 2, "text\n=== no heading\n"))
		}
		_, err := l.Append(step, values)
		require.NoError(t, err)
	}
	require.NoError(t, l.Close())
	assert.True(t, Holds(dir, "loss.svg"))
	l, err = OpenLog(dir, 3)
	require.NoError(t, err)
	require.NoError(t, l.AddSample(4, 1.5, "again"))
	require.NoError(t, l.Close())
	records, err := runfile.ReadMetrics(filepath.Join(dir, metrics))
	require.NoError(t, err)
	assert.Len(t, records, 3)
	assert.Len(t, l.train, 3)
	assert.Equal(t, []runfile.Point{{Step: 2, Loss: 2}}, l.valid)
	text, err := os.ReadFile(filepath.Join(dir, samples))
	require.NoError(t, err)
	assert.Equal(t, "=== step 2, validation loss 2.0000\ntext\n=== no heading\n\n=== step 4, validation loss 1.5000\nagain\n\n", string(text))
}

// A warning about the curve is given once.
func TestWarningOnce(t *testing.T) {
	l, err := OpenLog(t.TempDir(), 0)
	require.NoError(t, err)
	var warnings []string
	for step, loss := range []float64{3, math.NaN(), 2} {
		w, err := l.Append(step+1, map[string]float64{"loss": loss, "val_loss": loss})
		require.NoError(t, err)
		warnings = append(warnings, w)
	}
	require.NoError(t, l.Close())
	assert.Empty(t, warnings[0])
	assert.Contains(t, warnings[1], "not finite")
	assert.Empty(t, warnings[2])
}
