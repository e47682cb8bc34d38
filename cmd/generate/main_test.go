package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
	"euryale/internal/book"
	"euryale/training"
)

// The test binary is the command when this variable is set.
const asCommand = "EURYALE_TEST_AS_GENERATE"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// call runs generate to its end.
func call(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), asCommand+"=1")
	c.Dir = t.TempDir()
	c.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

// newRun trains a small model for a moment, and returns its directory.
func newRun(t *testing.T, sets ...string) string {
	t.Helper()
	c, err := training.Parse("", append([]string{"model.layers=1", "model.heads=2", "model.dim=16", "model.context=16", "training.batch=4",
		"training.steps=20", "training.eval_tokens=500", "training.sample=0", "data.name=" + book.Excerpt(t, 20000)}, sets...))
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "run")
	r, err := training.New(c, dir, nil)
	require.NoError(t, err)
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	return dir
}

func TestGenerate(t *testing.T) {
	dir := newRun(t)
	code, text, stderr := call(t, "", "-run", dir, "-prompt", "The Rays", "-tokens", "30", "-seed", "4")
	require.Equal(t, 0, code, stderr)
	assert.True(t, strings.HasPrefix(text, "The Rays"), text)
	assert.Len(t, strings.TrimSuffix(text, "\n"), len("The Rays")+30)
	_, again, _ := call(t, "", "-run", dir, "-prompt", "The Rays", "-tokens", "30", "-seed", "4", "-stream=false")
	assert.Equal(t, text, again, "the same seed gives the same text, streamed or not")

	code, out, stderr := call(t, "", "-run", dir, "-prompt", "The", "-tokens", "9", "-samples", "3", "-format", "json", "-logprobs")
	require.Equal(t, 0, code, stderr)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 3)
	for i, line := range lines {
		var r generation.Result
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		require.NoError(t, d.Decode(&r))
		assert.Equal(t, i, r.Index)
		assert.Equal(t, "The", r.Prompt)
		assert.Equal(t, "length", r.FinishReason)
		assert.Len(t, r.Tokens, 9)
		assert.Len(t, r.Logprobs, 9)
	}

	code, out, stderr = call(t, "one\ntwo\n", "-run", dir, "-interactive", "-tokens", "5", "-format", "json")
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, 2, strings.Count(out, "\n"))
	assert.NotContains(t, out, "logprobs")
}

// A model of masked tokens gives a text back whole, and continues none.
func TestRestore(t *testing.T) {
	dir := newRun(t, "data.task=mask", "model.name=encoder", "model.causal=false", "model.hidden=16")
	code, text, stderr := call(t, "", "-run", dir, "-prompt", "The R<|mask|>ys")
	require.Equal(t, 0, code, stderr)
	assert.Regexp(t, "^The R.ys\n$", text)
	code, out, stderr := call(t, "", "-run", dir, "-prompt", "The R<|mask|>ys", "-format", "json", "-logprobs")
	require.Equal(t, 0, code, stderr)
	var r generation.Result
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, strings.TrimSpace(text), r.Text)
	assert.Len(t, r.Tokens, 8)
	assert.Len(t, r.Logprobs, 1)
	picture := filepath.Join(t.TempDir(), "att.svg")
	code, _, stderr = call(t, "", "-run", dir, "-prompt", "The R<|mask|>ys", "-attention", picture)
	require.Equal(t, 0, code, stderr)
	assert.FileExists(t, picture)
	code, _, stderr = call(t, "", "-run", dir, "-prompt", "The Rays")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "the text has no mask: write <|mask|>")
}

// A source that the model cannot read whole is not cut without a word, and a model that
// reads a source gives a text alone no score.
func TestModelWithASource(t *testing.T) {
	dir := newRun(t, "model.name=transformer", "model.source_context=20", "data.name=copy", "data.size=100")
	code, out, stderr := call(t, "", "-run", dir, "-prompt", strings.Repeat("a", 44))
	assert.Equal(t, 1, code)
	assert.Empty(t, out)
	assert.Contains(t, stderr, "generate: source: the text has 44 tokens, and the model reads 17: shorten it")
	code, _, stderr = call(t, "", "-run", dir, "-prompt", strings.Repeat("a", 17))
	assert.Equal(t, 0, code, stderr)
	text := filepath.Join(t.TempDir(), "text.txt")
	require.NoError(t, os.WriteFile(text, []byte("abc"), 0o666))
	code, _, stderr = call(t, "", "-run", dir, "-score", text)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "the model answers a source, and a text alone has none")
}

func TestScore(t *testing.T) {
	dir := newRun(t)
	text := filepath.Join(t.TempDir(), "text.txt")
	require.NoError(t, os.WriteFile(text, []byte("the Rays of Light which differ in Colour"), 0o666))
	code, out, stderr := call(t, "", "-run", dir, "-score", text, "-format", "json")
	require.Equal(t, 0, code, stderr)
	var s map[string]float64
	require.NoError(t, json.Unmarshal([]byte(out), &s))
	for _, key := range []string{"tokens", "chars", "bytes", "nll_per_token", "perplexity", "bits_per_byte", "bits_per_char"} {
		assert.Positive(t, s[key], key)
	}
	assert.Equal(t, 40.0, s["chars"])
}

func TestBadInput(t *testing.T) {
	dir := newRun(t)
	broken := t.TempDir()
	for _, name := range []string{"config.toml", "tokenizer.json"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(broken, name), raw, 0o666))
	}
	raw, err := os.ReadFile(filepath.Join(dir, "weights.safetensors"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(broken, "weights.safetensors"), raw[:len(raw)/2], 0o666))
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "there is no flag -promt: did you mean -prompt?", []string{"-promt", "x"}},
		{2, "exclude each other", []string{"-prompt", "x", "-interactive"}},
		{2, "-format xml", []string{"-format", "xml"}},
		{2, "top-p = 2", []string{"-top-p", "2"}},
		{2, "-samples 0", []string{"-samples", "0"}},
		{1, "there is no run with weights in runs", []string{"-prompt", "x"}},
		{1, "is not a run: it has no config.toml", []string{"-run", t.TempDir()}},
		{1, "weights.safetensors", []string{"-run", broken}},
		{1, `character "春" (U+6625) at byte offset 0 is not in the vocabulary`, []string{"-run", dir, "-prompt", "春眠"}},
		{1, "no/such.txt", []string{"-run", dir, "-score", "no/such.txt"}},
		{1, "no/such.txt", []string{"-run", dir, "-prompts", "no/such.txt"}},
	} {
		code, _, stderr := call(t, "", c.args...)
		assert.Equal(t, c.code, code, "%q: %s", c.args, stderr)
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		last := lines[len(lines)-1]
		assert.True(t, strings.HasPrefix(last, "generate: "), last)
		assert.Contains(t, last, c.want)
		assert.NotContains(t, stderr, "goroutine", "a stack trace")
	}
}
