package textfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A corpus is all text below a directory, except that of the runs in it.
func TestListLeavesOutRuns(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"b.txt", "a/c.md", "a/site/config.toml", "a/site/page.md", "runs/gpt-1/config.toml", "runs/gpt-1/tokenizer.json",
		"runs/gpt-1/samples.txt", "runs/gpt-1/more/d.txt", "runs/gpt-2/config.toml", "runs/gpt-2/samples.txt"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), []byte("x"), 0o666))
	}
	files, notes, err := List(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "a/c.md"), filepath.Join(dir, "a/site/page.md"), filepath.Join(dir, "b.txt")}, files)
	assert.Contains(t, strings.Join(notes, "\n"), "2 directories of runs")
	files, _, err = List(filepath.Join(dir, "runs/gpt-1"))
	require.NoError(t, err)
	assert.Len(t, files, 2, "it is what was asked for")
	_, _, err = List(filepath.Join(dir, "runs"))
	assert.ErrorContains(t, err, "has no text files")
}
