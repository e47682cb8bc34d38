package command

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAverage(t *testing.T) {
	a, out := trainedRun(t, "training.keep=2", "training.save_every=2", "training.steps=6"), filepath.Join(t.TempDir(), "mean")
	code, _, stderr := call(t, "train", "-average", a, "-out", out)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stderr, "the mean of 2 files of weights is in "+out)
	code, _, stderr = call(t, "generate", "-run", out, "-prompt", "The", "-tokens", "3")
	assert.Equal(t, 0, code, stderr)
	checkBad(t, "train", []bad{
		{2, "give -out DIR", []string{"-average", a}},
		{2, "-average", []string{"-average", a, "-out", out, "-steps", "3"}},
		{1, "holds a run already", []string{"-average", a, "-out", out}},
	})
}
