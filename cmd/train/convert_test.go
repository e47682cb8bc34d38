package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImportAndExportByFlags(t *testing.T) {
	gpt2, err := filepath.Abs("../../internal/interchange/testdata/gpt2")
	require.NoError(t, err)
	dir := t.TempDir()
	run, out := filepath.Join(dir, "run"), filepath.Join(dir, "out")
	code, _, stderr := call(t, "-import", gpt2, "-out", run)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stderr, "gpt with 7104 parameters is in ") // 260·12 + 16·12 + 24 + 2·(48 + 468 + 156 + 624 + 588)
	code, _, stderr = call(t, "-export", run, "-out", out)
	require.Equal(t, 0, code, stderr)
	for _, name := range []string{"model.safetensors", "config.json", "tokenizer.json"} {
		_, err := os.Stat(filepath.Join(out, name))
		assert.NoError(t, err)
	}
	code, _, stderr = call(t, "-import", gpt2, "-out", run)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "holds a run already")
	for _, args := range [][]string{{"-import", gpt2}, {"-import", gpt2, "-export", run, "-out", out}, {"-export", run, "-out", out, "-check"}} {
		code, _, stderr = call(t, args...)
		assert.Equal(t, 2, code, stderr)
	}
}

func TestNGramByFlags(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	text := make([]byte, 0, 4000)
	for range 1000 {
		text = append(text, "ab\n."...)
	}
	book := file(t, "book.txt", string(text))
	code, stdout, stderr := call(t, "-model", "ngram", "-data", book, "-out", dir, "-set", "training.sample=8")
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, ".ab\n.ab\n\n", stdout)
	assert.Contains(t, stderr, "validation 0.00")
	code, _, stderr = call(t, "-model", "ngram", "-data", book, "-graph", "g.svg")
	assert.Equal(t, 2, code, stderr)
}
