package training

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
	"euryale/internal/book"
	"euryale/internal/kernel/matmul"
	"euryale/training/rundir"
)

// wide returns the directory of a run whose matrices have many pages.
func wide(t *testing.T) string {
	t.Helper()
	c, err := Parse("", []string{"model.layers=1", "model.heads=2", "model.dim=128", "model.context=16", "training.batch=2", "training.steps=2",
		"training.eval_tokens=100", "training.sample=0", "data.name=" + book.Excerpt(t, 20000)})
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "run")
	r, err := New(c, dir, nil)
	require.NoError(t, err)
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	return dir
}

func generated(t *testing.T, s *Saved) (string, error) {
	t.Helper()
	g, err := s.Generator()
	require.NoError(t, err)
	p, err := g.Prompt("The Rays")
	require.NoError(t, err)
	rs, err := g.Generate(context.Background(), p, generation.Settings{Tokens: 30}, 1, nil)
	if err != nil {
		return "", err
	}
	return rs[0].Text, nil
}

// Weights of a run can be changed in memory, and the file stays as it was. Weights that are
// read only are the same at every precision, though those that are packed give back their pages.
func TestWeightsAreMapped(t *testing.T) {
	dir := wide(t)
	before, err := os.ReadFile(rundir.BestWeights(dir))
	require.NoError(t, err)
	for _, p := range []matmul.Precision{matmul.Highest, matmul.Medium, matmul.Int8} {
		require.NoError(t, matmul.SetPrecision(p))
		t.Cleanup(func() { require.NoError(t, matmul.SetPrecision(matmul.Highest)) })
		changeable, err := Open(dir, false)
		require.NoError(t, err)
		want, err := generated(t, changeable)
		require.NoError(t, err)
		fixed, err := Open(dir, false)
		require.NoError(t, err)
		fixed.Weights.ReadOnly()
		fixed.Weights.Hold()
		got, err := generated(t, fixed)
		require.NoError(t, err)
		assert.Equal(t, want, got, p)
		for _, w := range changeable.Weights.All() {
			assert.Equal(t, w.Float32(), fixed.Weights.Get(w.Path).Float32(), "%s at %s", w.Path, p)
			clear(w.Float32())
		}
		changed, err := generated(t, changeable)
		require.NoError(t, err)
		assert.NotEqual(t, want, changed)
	}
	after, err := os.ReadFile(rundir.BestWeights(dir))
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

// A weights file that is replaced while a model generates changes nothing; one that is cut short is
// an error that names the layer and the file.
func TestWeightsFileChanges(t *testing.T) {
	dir := wide(t)
	path := rundir.BestWeights(dir)
	s, err := Open(dir, false)
	require.NoError(t, err)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path+".new", raw[:4096], 0o666))
	require.NoError(t, os.Rename(path, path+".old"))
	require.NoError(t, os.Rename(path+".new", path))
	_, err = generated(t, s)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path+".old", 4096))
	_, err = generated(t, s)
	assert.ErrorContains(t, err, path+" cannot be read any more")
	assert.Regexp(t, `^[a-z0-9/]+: `, err.Error(), "the layer")
}
