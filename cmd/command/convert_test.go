package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
)

// gpt2 returns the path of a small GPT-2 in Hugging Face's layout.
func gpt2(t *testing.T) string {
	path, err := filepath.Abs("../../interchange/testdata/gpt2")
	require.NoError(t, err)
	return path
}

func TestImportAndExportByFlags(t *testing.T) {
	gpt2 := gpt2(t)
	dir := t.TempDir()
	run, out := filepath.Join(dir, "run"), filepath.Join(dir, "out")
	code, _, stderr := call(t, "train", "-import", gpt2, "-out", run)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stderr, "gpt with 7104 parameters is in ") // 260·12 + 16·12 + 24 + 2·(48 + 468 + 156 + 624 + 588)
	code, _, stderr = call(t, "train", "-export", run, "-out", out)
	require.Equal(t, 0, code, stderr)
	for _, name := range []string{"model.safetensors", "config.json", "generation_config.json", "tokenizer.json", "vocab.json", "merges.txt"} {
		assert.FileExists(t, filepath.Join(out, name))
	}
	code, _, stderr = call(t, "train", "-export", run, "-out", out)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, out+" is not empty")
	code, _, stderr = call(t, "train", "-import", gpt2, "-out", run)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "holds a run already")
	for want, args := range map[string][]string{
		"-import needs a directory to write: give -out DIR": {"-import", gpt2},
		"-export needs a directory to write: give -out DIR": {"-export", run},
		"-export has no use for -import":                    {"-import", gpt2, "-export", run, "-out", out},
		"-export has no use for -check, -tokenizer: it":     {"-export", run, "-out", out, "-check", "-tokenizer", "char"},
		"-import has no use for -graph, -layers, -set, -steps: it goes with -tokenizer, -out alone": {
			"-import", gpt2, "-out", filepath.Join(dir, "more"), "-steps", "5", "-layers", "3", "-set", "a.b=c", "-graph", "a.svg"},
	} {
		code, _, stderr = call(t, "train", args...)
		assert.Equal(t, 2, code, stderr)
		assert.Contains(t, stderr, want)
	}
	assert.NoDirExists(t, filepath.Join(dir, "more"))
}

// A model with a tokenizer that files of transformers cannot express goes out without it, and
// comes back with it.
func TestExportWithoutTokenizer(t *testing.T) {
	dir := t.TempDir()
	run, out, again := filepath.Join(dir, "run"), filepath.Join(dir, "out"), filepath.Join(dir, "again")
	code, _, stderr := call(t, "train", small("-data", book.Excerpt(t, 20000), "-tokenizer", "word", "-steps", "1", "-out", run)...)
	require.Equal(t, 0, code, stderr)
	code, _, stderr = call(t, "train", "-export", run, "-out", out)
	require.Equal(t, 0, code, stderr)
	tokenizer := filepath.Join(run, "tokenizer.json")
	assert.Contains(t, stderr, "the tokenizer is left out")
	assert.Contains(t, stderr, "-import needs it: -tokenizer "+tokenizer)
	code, _, stderr = call(t, "train", "-import", out, "-tokenizer", tokenizer, "-out", again)
	require.Equal(t, 0, code, stderr)
	want, err := os.ReadFile(tokenizer)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(again, "tokenizer.json"))
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

// Fine-tuning is -init and a text: model and tokenizer come with the weights. What fails
// leaves nothing behind, and can be tried again.
func TestFineTuneByFlags(t *testing.T) {
	gpt2 := gpt2(t)
	text := book.Excerpt(t, 2000)
	first, dir := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "run")
	code, _, stderr := call(t, "train", "-import", gpt2, "-out", first)
	require.Equal(t, 0, code, stderr)
	tune := func(more ...string) (int, string) {
		code, _, stderr := call(t, "train", append([]string{"-data", text, "-steps", "2", "-out", dir, "-dropout", "0.1", "-lr", "1e-4",
			"-set", "training.eval_tokens=50", "-set", "training.sample=5"}, more...)...)
		return code, stderr
	}
	code, stderr = tune("-init", first, "-dim", "24")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "tok/W is [260 12], want [260 24]; ")
	assert.Contains(t, stderr, "ln/bias is [12], want [24]")
	code, stderr = tune("-init", filepath.Join(first, "nothing"))
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "no such file")
	assert.NoDirExists(t, dir)
	code, stderr = tune("-init", first)
	require.Equal(t, 0, code, stderr)
	code, _, stderr = call(t, "train", "-resume", dir, "-steps", "3")
	require.Equal(t, 0, code, stderr)
	code, stdout, stderr := call(t, "train", "-init", gpt2, "-describe", "-data", text)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "7104", "the parameters of that model")
}

func TestNGramByFlags(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	raw := make([]byte, 0, 4000)
	for range 1000 {
		raw = append(raw, "ab\n."...)
	}
	text := file(t, "book.txt", string(raw))
	code, stdout, stderr := call(t, "train", "-model", "ngram", "-data", text, "-out", dir, "-set", "training.sample=8")
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, ".ab\n.ab\n\n", stdout)
	assert.Contains(t, stderr, "validation 0.00")
	code, _, stderr = call(t, "train", "-model", "ngram", "-data", text, "-graph", "g.svg")
	assert.Equal(t, 1, code, stderr)
	assert.Contains(t, stderr, "it has no graph")
	code, stdout, stderr = call(t, "train", "-model", "ngram", "-data", text, "-set", "model.order=3", "-describe")
	require.Equal(t, 0, code, stderr)
	// a, b, line break and stop; ab, b↵, ↵., .a; ab↵, b↵., ↵.a, .ab, and ab at the beginning
	assert.Equal(t, "  tokens  different n-grams\n       1                  4\n       2                  4\n       3                  5\n     all                 13\n", stdout)
	code, _, stderr = call(t, "train", "-init", dir, "-data", text)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "is an ngram model: it consists of counts")
}

// Mistakes about an exported page are named; serving/page tests what it holds.
func TestExportPageByFlags(t *testing.T) {
	dir := t.TempDir()
	run, page := filepath.Join(dir, "run"), filepath.Join(dir, "page")
	code, _, stderr := call(t, "train", "-import", gpt2(t), "-out", run)
	require.Equal(t, 0, code, stderr)
	code, _, stderr = call(t, "train", "-export", run, "-export-page", run)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, run+" is not empty: a page is written to a new directory")
	for want, args := range map[string][]string{
		"-page-weights int4: want float32 or int8": {"-page-weights", "int4"},
		"-export-page has no use for -out, -steps": {"-out", page, "-steps", "5"},
	} {
		code, _, stderr = call(t, "train", append([]string{"-export", run, "-export-page", page}, args...)...)
		assert.Equal(t, 2, code)
		assert.Contains(t, stderr, want)
	}
	assert.NoDirExists(t, page)
}
