package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/evaluation/card"
	"euryale/training"
)

// finished writes the files that stability is measured by: a configuration, and its losses after 10 of 10 updates.
func finished(t *testing.T, name string, loss float64, sets ...string) string {
	t.Helper()
	c, err := training.Parse("", append([]string{"training.steps=10"}, sets...))
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Mkdir(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.toml"), []byte(c.String()), 0o666))
	metrics := fmt.Sprintf("{\"step\":5,\"val_loss\":9,\"val_tokens\":100}\n{\"step\":10,\"val_loss\":%v,\"val_tokens\":100}\n", loss)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "metrics.jsonl"), []byte(metrics), 0o666))
	return dir
}

// The losses 1, 2 and 3 have mean 2 and standard deviation 1; 97.5 % of t with two degrees of freedom is below
// 4.3027. Runs are compared only with those that differ in one factor.
func TestStability(t *testing.T) {
	runs := []string{finished(t, "a", 1), finished(t, "b", 2, "training.seed=2"), finished(t, "c", 3, "training.seed=10"),
		finished(t, "d", 1.5, "training.shards=4"), finished(t, "e", 7, "training.precision=medium", "training.seed=3")}
	s, err := MeasureStability(append(runs, runs[0]))
	require.NoError(t, err)
	assert.Equal(t, []int{5, 100, 2}, []int{s.Runs, s.Tokens, len(s.Factors)})
	f := s.Factors[0]
	assert.Equal(t, Factor{Key: "training.seed", Values: []string{"1", "2", "10"}, Runs: 3, Sets: 1, Mean: 2, Low: f.Low, High: f.High, SD: 1, Range: 2, batches: true}, f)
	assert.InDelta(t, 2-4.3027/1.7320508, f.Low, 1e-4)
	assert.InDelta(t, 2+4.3027/1.7320508, f.High, 1e-4)
	assert.InDelta(t, 0.3535534, s.Factors[1].SD, 1e-6)
	assert.Regexp(t, `(?m)^seed: weights, batches, dropout +1, 2, 10 +3 +2.0000 +-0.4841–4.4841 +1 +2$`, s.String())

	dir := t.TempDir()
	require.NoError(t, s.Section("evaluate -stability").Save(dir))
	all, err := card.Load(dir)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, 1.0, all[0].Values["loss_sd_seed"])
	assert.Contains(t, all[0].Summary.Zh, "种子：权重、批次与 dropout")
	assert.NoError(t, s.Describes(runs[4]))
	assert.ErrorContains(t, s.Describes(finished(t, "f", 1, "optimizer.lr=1")), "optimizer.lr (0.002 and 1)")
}

// Of two sets, {1, 2} and {5, 8}, the squares 0.5 and 4.5 have two degrees of freedom.
func TestStabilityIsPooled(t *testing.T) {
	s, err := MeasureStability([]string{finished(t, "a", 1, "training.batch_seed=1"), finished(t, "b", 2, "training.batch_seed=1", "training.seed=2"),
		finished(t, "c", 5, "training.batch_seed=2"), finished(t, "d", 8, "training.batch_seed=2", "training.seed=2")})
	require.NoError(t, err)
	f := s.Factors[0]
	assert.Equal(t, []any{4, 2, 4.0, 3.0, false}, []any{f.Runs, f.Sets, f.Mean, f.Range, f.batches})
	assert.InDelta(t, 1.5811388, f.SD, 1e-6, "the root of 5/2")
	assert.Equal(t, "training.batch_seed", s.Factors[1].Key)
}

func TestStabilityUsedWrongly(t *testing.T) {
	a := finished(t, "a", 1)
	stopped := finished(t, "stopped", 1, "training.steps=11", "training.seed=2")
	for want, runs := range map[string][]string{
		"is one run: stability is measured on two or more":   {a},
		"there is no such directory":                         {"no/such"},
		"differ in model.dim (128 and 64), optimizer.lr":     {a, finished(t, "b", 1, "model.dim=64", "optimizer.lr=1", "training.seed=2")},
		"train the same, seed and batches included":          {a, finished(t, "b", 1, "training.batch_seed=1")},
		"stopped after 10 of 11 updates; continue it with":   {a, stopped},
		"no two of the 2 runs differ in one of training.see": {a, finished(t, "b", 1, "training.seed=2", "training.shards=1")},
	} {
		_, err := MeasureStability(runs)
		assert.ErrorContains(t, err, want)
	}
	bare := finished(t, "bare", 1)
	require.NoError(t, os.WriteFile(filepath.Join(bare, "metrics.jsonl"), []byte("{\"step\":10,\"loss\":1}\n"), 0o666))
	_, err := MeasureStability([]string{a, bare})
	assert.ErrorContains(t, err, "has no validation loss")
}
