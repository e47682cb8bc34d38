package training

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/training/rundir"
)

// A run has one writer, and any number of readers meanwhile. Closed, it can be resumed.
func TestRunHasOneWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := tiny(t, "training.steps=2", "training.eval_every=1")
	r := begin(t, c, dir)
	require.NoError(t, r.Train(context.Background()))
	_, err := New(c, dir, nil)
	assert.EqualError(t, err, dir+" is still being written by this process, which has not closed it: wait, or choose another -out")
	_, err = Resume(dir, nil, nil)
	assert.ErrorContains(t, err, "is still being written by this process")
	_, err = Import("testdata", "", dir)
	assert.ErrorContains(t, err, "is still being written by this process")
	_, err = Open(dir, false)
	assert.NoError(t, err, "reading needs no lock")
	require.NoError(t, r.Close())
	_, err = New(c, dir, nil)
	assert.ErrorContains(t, err, "holds a run already")
	r, err = Resume(dir, nil, nil)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	assert.NoFileExists(t, filepath.Join(dir, ".lock"))
}

// A run that cannot begin leaves neither a directory nor a lock.
func TestFailedStartLeavesNothing(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "run")
	_, err := New(tiny(t, "data.name=/does/not/exist"), dir, nil)
	require.Error(t, err)
	assert.NoDirExists(t, dir)
	require.NoError(t, os.Mkdir(dir, 0o777))
	_, err = New(tiny(t, "data.name=/does/not/exist"), dir, nil)
	require.Error(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err, "it was there before")
	assert.Empty(t, left)
}

// Runs that begin at once get a directory each.
func TestDirectoriesAreTakenAtomically(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "runs")
	var all sync.WaitGroup
	dirs := make([]string, 20)
	for i := range dirs {
		all.Go(func() {
			var err error
			dirs[i], err = rundir.Create(parent, "gpt-text")
			assert.NoError(t, err)
		})
	}
	all.Wait()
	left, err := os.ReadDir(parent)
	require.NoError(t, err)
	assert.Len(t, left, len(dirs))
	for _, dir := range dirs {
		assert.DirExists(t, dir)
	}
	assert.Contains(t, dirs, filepath.Join(parent, "gpt-text-1"))
	assert.Contains(t, dirs, filepath.Join(parent, "gpt-text-20"))
}
