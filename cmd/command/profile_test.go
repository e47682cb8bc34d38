package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	pprof "github.com/google/pprof/profile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/experiment"
	"euryale/internal/book"
)

// -profile prints the table, writes three files into -out, and leaves no run.
func TestProfileByFlags(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "of", "a step")
	excerpt := book.Excerpt(t, 20000)
	code, stdout, stderr := call(t, "train", small("-data", excerpt, "-profile", "-steps", "2", "-out", dir)...)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "mean of 2;")
	assert.Regexp(t, `h0/att/qkv +backward`, stdout)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	assert.Equal(t, []string{"profile.json", "profile.pb.gz", "profile.svg"}, names)
	raw, err := os.ReadFile(filepath.Join(dir, "profile.json"))
	require.NoError(t, err)
	var p experiment.StepProfile
	require.NoError(t, json.Unmarshal(raw, &p))
	assert.Equal(t, 2, p.Steps)
	packed, err := os.ReadFile(filepath.Join(dir, "profile.pb.gz"))
	require.NoError(t, err)
	read, err := pprof.ParseData(packed)
	require.NoError(t, err)
	assert.Len(t, read.Sample, len(p.Rows))

	code, _, stderr = call(t, "train", "-resume", dir, "-profile")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "give it the weights of a run with -init")
	code, _, stderr = call(t, "train", small("-data", excerpt, "-profile", "-steps", "0")...)
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "steps")
}
