package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// generate and evaluate take the mean of several runs; a run with itself is itself.
func TestEnsemble(t *testing.T) {
	a := newRun(t, "data.name=copy", "data.size=100", "data.level=1", "training.steps=20", "model.dim=16", "model.layers=1")
	b := filepath.Join(t.TempDir(), "b")
	code, _, stderr := call(t, "train", "-init", a, "-set", "data.name=copy", "-set", "data.size=100", "-set", "data.level=1", "-steps", "20", "-lr", "0.01", "-out", b)
	require.Equal(t, 0, code, stderr)
	text := func(args ...string) string {
		code, out, stderr := call(t, "generate", append([]string{"-run", a, "-prompt", "ab", "-format", "json", "-tokens", "6", "-min-tokens", "4"}, args...)...)
		require.Equal(t, 0, code, stderr)
		return out
	}
	alone := text()
	assert.Equal(t, alone, text("-ensemble", a))
	assert.NotEqual(t, text("-logprobs"), text("-logprobs", "-ensemble", b))
	page := filepath.Join(t.TempDir(), "answers.html")
	code, out, stderr := call(t, "evaluate", "-run", a, "-ensemble", b, b, "-examples", "4", "-length", "5", "-beam", "1,2,mbr=3", "-html", page)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, out, "model, beam 2, 3 models")
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(html), "模型（束宽 2，3 个模型）")
	assert.Contains(t, string(html), "模型（MBR：3 个样本，3 个模型）")

	lm := newRun(t, "training.steps=1")
	checkBad(t, "generate", []bad{
		{1, "another tokenizer", []string{"-run", a, "-ensemble", lm, "-prompt", "ab"}},
		{1, "no-such", []string{"-run", a, "-ensemble", "no-such", "-prompt", "ab"}},
	})
	checkBad(t, "evaluate", []bad{{2, "-ensemble", []string{"-compare", a, b, "-ensemble", b}}})
}
