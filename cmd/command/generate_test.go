package command

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
	"euryale/internal/book"
	"euryale/training"
)

// newRun trains a small model for a moment, and returns its directory.
func newRun(t *testing.T, sets ...string) string {
	t.Helper()
	return trainedRun(t, append([]string{"model.layers=1", "model.heads=2", "model.dim=16"}, sets...)...)
}

func trainedRun(t *testing.T, sets ...string) string {
	t.Helper()
	c, err := training.Parse("", append([]string{"model.context=16", "training.batch=4",
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
	code, text, stderr := call(t, "generate", "-run", dir, "-prompt", "The Rays", "-tokens", "30", "-seed", "4")
	require.Equal(t, 0, code, stderr)
	assert.True(t, strings.HasPrefix(text, "The Rays"), text)
	assert.Len(t, strings.TrimSuffix(text, "\n"), len("The Rays")+30)
	_, again, _ := call(t, "generate", "-run", dir, "-prompt", "The Rays", "-tokens", "30", "-seed", "4", "-stream=false")
	assert.Equal(t, text, again, "the same seed gives the same text, streamed or not")

	code, out, stderr := call(t, "generate", "-run", dir, "-prompt", "The", "-tokens", "9", "-samples", "3", "-format", "json", "-logprobs")
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

	code, out, stderr = callWith(t, "one\ntwo\n", "generate", "-run", dir, "-interactive", "-tokens", "5", "-format", "json")
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, 2, strings.Count(out, "\n"))
	assert.NotContains(t, out, "logprobs")
}

// A model of masked tokens gives a text back whole, and continues none.
func TestRestore(t *testing.T) {
	dir := newRun(t, "data.task=mask", "model.name=encoder", "model.causal=false", "model.hidden=16")
	code, text, stderr := call(t, "generate", "-run", dir, "-prompt", "The R<|mask|>ys")
	require.Equal(t, 0, code, stderr)
	assert.Regexp(t, "^The R.ys\n$", text)
	code, out, stderr := call(t, "generate", "-run", dir, "-prompt", "The R<|mask|>ys", "-format", "json", "-logprobs")
	require.Equal(t, 0, code, stderr)
	var r generation.Result
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, strings.TrimSpace(text), r.Text)
	assert.Len(t, r.Tokens, 8)
	assert.Len(t, r.Logprobs, 1)
	code, _, stderr = call(t, "generate", "-run", dir, "-prompt", "The Rays")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "the text has no mask: write <|mask|>")
}

// A source that is too long for the model is cut, with a note; of a file's, the first is named.
func TestModelWithASource(t *testing.T) {
	dir := newRun(t, "model.name=transformer", "model.source_context=20", "data.name=copy", "data.size=100")
	long, fits := strings.Repeat("a", 17)+strings.Repeat("b", 27), strings.Repeat("a", 17)
	code, want, stderr := call(t, "generate", "-run", dir, "-prompt", fits)
	require.Equal(t, 0, code, stderr)
	assert.NotContains(t, stderr, "note")
	code, out, stderr := call(t, "generate", "-run", dir, "-prompt", long)
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, want, out, "what was cut does not matter")
	assert.Contains(t, stderr, "note: the source has 44 tokens, and the model reads the first 17 (data.source_keep)")
	prompts := file(t, "prompts.txt", fits+"\n"+long+"\n"+long+"\n")
	code, _, stderr = call(t, "generate", "-run", dir, "-prompts", prompts)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stderr, prompts+": 2 prompts are longer than the model reads and were cut, the first at line 2: the source has 44 tokens, and the model reads the first 17")
}

func TestGenerateUsedWrongly(t *testing.T) {
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
	checkBad(t, "generate", []bad{
		{2, "there is no flag -promt: did you mean -prompt?", []string{"-promt", "x"}},
		{2, "exclude each other", []string{"-prompt", "x", "-interactive"}},
		{2, "-format xml", []string{"-format", "xml"}},
		{2, "top-p = 2", []string{"-top-p", "2"}},
		{2, "-samples 0", []string{"-samples", "0"}},
		{1, "there is no run with weights in runs", []string{"-prompt", "x"}},
		{1, "is not a run: it has no config.toml", []string{"-run", t.TempDir()}},
		{1, "weights.safetensors", []string{"-run", broken}},
		{1, `character "春" (U+6625) at byte offset 0 is not in the vocabulary`, []string{"-run", dir, "-prompt", "春眠"}},
		{2, "-score moved to its own command: go run ./cmd/evaluate -score FILE", []string{"-run", dir, "-score", "no/such.txt"}},
		{2, "-attention moved to its own command: go run ./cmd/explain -prompt TEXT -attention FILE.svg", []string{"-attention", "a.svg"}},
		{2, "-layer moved to its own command: go run ./cmd/explain", []string{"-layer", "h0/att"}},
		{1, "no/such.txt", []string{"-run", dir, "-prompts", "no/such.txt"}},
	})
}

// Stop texts within the first min-tokens are passed over, with beams as without.
func TestStopTextsAfterMinTokens(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	code, _, stderr := call(t, "train", "-model", "ngram", "-data", file(t, "abc.txt", strings.Repeat("abc", 500)), "-out", dir)
	require.Equal(t, 0, code, stderr)
	for _, how := range [][]string{{"-temperature", "0"}, {"-beam", "2"}} {
		code, stdout, stderr := call(t, "generate", append(how, "-run", dir, "-prompt", "a", "-tokens", "30", "-min-tokens", "10", "-stop", "c", "-format", "json")...)
		require.Equal(t, 0, code, stderr)
		assert.Contains(t, stdout, `"text":"bcabcabcab"`, "%v", how)
		assert.Contains(t, stdout, `"finish_reason":"stop"`, "%v", how)
	}
}

// A prompt that cannot be read is reported with its line, and the others are answered; so in
// a conversation.
func TestOneBadPrompt(t *testing.T) {
	dir := trainedRun(t, "model.name=ngram", "data.name="+file(t, "abc.txt", strings.Repeat("abc", 500)))
	prompts := file(t, "prompts.txt", "ab\naXb\nabc\n")
	for _, format := range []string{"json", "text"} {
		code, stdout, stderr := call(t, "generate", "-run", dir, "-prompts", prompts, "-tokens", "3", "-temperature", "0", "-format", format)
		assert.Equal(t, 1, code)
		assert.Equal(t, 2, strings.Count(stdout, "\n"), stdout)
		assert.Contains(t, stdout, "cab")
		assert.Contains(t, stdout, "abc")
		assert.Contains(t, stderr, prompts+`: line 2: prompt: character "X" (U+0058) at byte offset 1 is not in the vocabulary`)
		assert.Contains(t, stderr, "generate: "+prompts+": 1 of 3 prompts have no answer")
	}
	code, stdout, stderr := callWith(t, "ab\naXb\nabc", "generate", "-run", dir, "-interactive", "-tokens", "3", "-temperature", "0")
	assert.Zero(t, code, stderr)
	assert.Equal(t, "abcab\nabcabc\n", stdout)
	assert.Contains(t, stderr, `prompt: character "X"`)
}

// Where no token is left, the text that there is is printed.
func TestExhausted(t *testing.T) {
	dir := trainedRun(t, "model.name=ngram", "data.name="+file(t, "abc.txt", strings.Repeat("abc", 500)))
	for _, how := range [][]string{{"-temperature", "0"}, {"-beam", "2"}} {
		code, stdout, stderr := call(t, "generate", append(how, "-run", dir, "-prompt", "a", "-no-repeat", "1", "-format", "json")...)
		require.Equal(t, 0, code, stderr)
		assert.Contains(t, stdout, `"text":"bc"`)
		assert.Contains(t, stdout, `"finish_reason":"exhausted"`)
	}
}
