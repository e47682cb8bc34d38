package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The page and the pictures of its views are written, and the text is printed.
func TestExplainPage(t *testing.T) {
	dir, out := newRun(t), filepath.Join(t.TempDir(), "page")
	code, text, stderr := call(t, "explain", "-run", dir, "-prompt", "Rays", "-tokens", "3", "-out", out, "-patch-from", "Days", "-at", "2", "-token", "a", "-against", "b")
	require.Equal(t, 0, code, stderr)
	assert.Len(t, text, len("Rays")+3+1)
	assert.Contains(t, stderr, "13 of 14 views fit the model: the page is "+filepath.Join(out, "index.html"))
	page, err := os.ReadFile(filepath.Join(out, "index.html"))
	require.NoError(t, err)
	assert.Contains(t, string(page), `The logit of &#34;a&#34; minus that of &#34;b&#34; at position 2.`)
	assert.Contains(t, string(page), "the model has no recurrent layers")
	assert.Contains(t, string(page), "of the validation text")
	pictures, err := filepath.Glob(filepath.Join(out, "*.svg"))
	require.NoError(t, err)
	assert.Len(t, pictures, 13)

	explain := func(args ...string) []string { return append([]string{"-run", dir, "-prompt", "Rays", "-out", out}, args...) }
	checkBad(t, "explain", []bad{
		{1, "there is no position 99: the text has 16 tokens, from 0", explain("-at", "99")},
		{1, "position 15 predicts no token of the text: name one", explain("-at", "15")},
		{1, `-token "ab" is 2 tokens, want one`, explain("-token", "ab")},
		{1, `-patch-from "Ray" has 3 tokens and -prompt 4`, explain("-patch-from", "Ray")},
		{1, "the model reads no source: leave -source out", explain("-source", "x")},
		{2, "-against is for the page: give -out DIR", []string{"-run", dir, "-prompt", "a", "-attention", "a.svg", "-against", "b"}},
	})
}

// An encoder–decoder explains its own answer, or the one that -prompt gives to -source.
func TestExplainPageOfASource(t *testing.T) {
	dir := trainedRun(t, "model.name=transformer", "model.layers=1", "model.heads=2", "model.dim=8", "model.source_context=16", "data.name=tales", "data.task=pairs")
	out := t.TempDir()
	code, text, stderr := call(t, "explain", "-run", dir, "-source", "the dog", "-prompt", "a cat", "-out", out)
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, "a cat", strings.TrimSpace(text))
	page, err := os.ReadFile(filepath.Join(out, "index.html"))
	require.NoError(t, err)
	assert.Contains(t, string(page), `data-side="source"`)
}
