package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExplain(t *testing.T) {
	dir, file := newRun(t), filepath.Join(t.TempDir(), "att.svg")
	code, text, stderr := call(t, "explain", "-run", dir, "-prompt", "Rays", "-tokens", "5", "-attention", file, "-layer", "h0/att")
	require.Equal(t, 0, code, stderr)
	assert.Len(t, text, len("Rays")+5+1)
	assert.Contains(t, stderr, "2 attention maps are in "+file)
	svg, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(svg), ">h0/att head 2<")
	checkBad(t, "explain", []bad{
		{1, `no attention layer is called "h0/at"; near it: ["h0/att"]`, []string{"-run", dir, "-prompt", "a", "-attention", file, "-layer", "h0/at"}},
		{2, "want a name that ends in .svg", []string{"-prompt", "a", "-attention", "att.png"}},
		{2, "or -attention FILE.svg", []string{"-prompt", "a", "-layer", "h0/att"}},
		{2, "give -prompt TEXT", []string{"-attention", file}},
		{2, "-tokens -1", []string{"-attention", file, "-prompt", "a", "-tokens", "-1"}},
		{1, "there is no run with weights in runs", []string{"-attention", file, "-prompt", "a"}},
	})
}

// Of a prompt with hidden tokens the restored text is printed.
func TestExplainRestored(t *testing.T) {
	dir, file := newRun(t, "data.task=mask", "model.name=encoder", "model.causal=false", "model.hidden=16"), filepath.Join(t.TempDir(), "att.svg")
	code, text, stderr := call(t, "explain", "-run", dir, "-prompt", "The R<|mask|>ys", "-attention", file)
	require.Equal(t, 0, code, stderr)
	assert.Len(t, text, len("The Rays")+1)
	assert.FileExists(t, file)
}

func TestExplainHasNothingToDraw(t *testing.T) {
	dir := trainedRun(t, "model.name=ngram")
	checkBad(t, "explain", []bad{{1, "an n-gram model consists of counts: it has no graph", []string{"-run", dir, "-prompt", "a", "-attention", "a.svg"}}})
}
