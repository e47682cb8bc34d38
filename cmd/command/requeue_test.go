package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
	"euryale/training/rundir"
)

// One command begins a run, begins it again if it was never saved, and continues it.
func TestResumeBegins(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	config := file(t, "run.toml", "[model]\ndim = 16\nlayers = 1\nheads = 2\ncontext = 8\n[data]\nname = '"+book.Excerpt(t, 20000)+"'\n[training]\nsteps = 4\nbatch = 2\n")
	again := []string{"-config", config, "-resume", dir, "-steps", "4"}
	code, _, stderr := call(t, "train", again...)
	require.Zero(t, code, stderr)
	assert.Contains(t, stderr, dir+" was never saved: this run begins it")
	first, err := os.ReadFile(filepath.Join(dir, rundir.Weights))
	require.NoError(t, err)

	for _, name := range []string{rundir.Weights, rundir.State} {
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
	}
	code, _, stderr = call(t, "train", again...)
	require.Zero(t, code, stderr)
	second, err := os.ReadFile(filepath.Join(dir, rundir.Weights))
	require.NoError(t, err)
	assert.Equal(t, first, second)

	code, _, stderr = call(t, "train", "-config", config, "-resume", dir, "-steps", "6")
	require.Zero(t, code, stderr)
	assert.Contains(t, stderr, "continues as it was begun")
	third, err := os.ReadFile(filepath.Join(dir, rundir.Weights))
	require.NoError(t, err)
	assert.NotEqual(t, first, third)
}
