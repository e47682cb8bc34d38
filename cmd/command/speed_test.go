package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// Guessed tokens are those of plain greedy decoding; the fraction that was right is printed and in json.
func TestGuesses(t *testing.T) {
	dir := newRun(t)
	draft := trainedRun(t, "model.name=ngram", "model.order=3")
	args := []string{"-run", dir, "-prompt", "The Rays of Light and the Rays of", "-tokens", "40", "-temperature", "0", "-format", "json"}
	code, want, stderr := call(t, "generate", args...)
	require.Equal(t, 0, code, stderr)
	assert.NotContains(t, want, "speculation")
	for _, how := range [][]string{{"-draft", draft}, {"-draft", dir, "-guesses", "7"}, {"-lookup"}} {
		code, out, stderr := call(t, "generate", append(how, args...)...)
		require.Equal(t, 0, code, stderr)
		assert.Regexp(t, `guesses: [0-9]+ of [0-9]+ tokens accepted \([0-9.]+ %\); [0-9.]+ tokens a pass of the model`, stderr)
		var a, b generation.Result
		require.NoError(t, json.Unmarshal([]byte(want), &a))
		require.NoError(t, json.Unmarshal([]byte(out), &b))
		require.NotNil(t, b.Speculation)
		assert.Positive(t, b.Speculation.Guessed)
		assert.LessOrEqual(t, b.Speculation.Accepted, b.Speculation.Guessed)
		assert.Equal(t, a.Text, b.Text, "%v", how)
	}
}

// A draft that cannot guess is refused before weights are read.
func TestGuessesRefuse(t *testing.T) {
	dir, other, lstm := newRun(t), newRun(t, "data.name="+file(t, "abc.txt", strings.Repeat("abc", 5000))), trainedRun(t, "model.name=lstm", "model.layers=1", "model.dim=8")
	for _, run := range []string{dir, other, lstm} {
		require.NoError(t, os.WriteFile(filepath.Join(run, "weights.safetensors"), []byte("damaged"), 0o666))
		_ = os.Remove(filepath.Join(run, "best.safetensors")) // if there is one
	}
	checkBad(t, "generate", []bad{
		{1, "has another tokenizer than " + dir, []string{"-run", dir, "-prompt", "a", "-draft", other}},
		{1, "the draft is recurrent: its state cannot go back", []string{"-run", dir, "-prompt", "a", "-draft", lstm}},
		{1, "the model is recurrent: its state cannot go back", []string{"-run", lstm, "-prompt", "a", "-draft", dir}},
		{1, "no/draft", []string{"-run", dir, "-prompt", "a", "-draft", "no/draft"}},
		{2, "-draft and -lookup exclude each other", []string{"-draft", dir, "-lookup"}},
		{2, "-lookup and -beam 3 exclude each other", []string{"-lookup", "-beam", "3"}},
		{2, "-guesses 3 without a way to guess", []string{"-guesses", "3"}},
		{2, "-guesses -1", []string{"-guesses", "-1"}},
		{2, "-cache and -interactive exclude each other", []string{"-cache", "x", "-interactive"}},
	})
}

// The state after the prompt is kept in a file, from which later calls read what their prompts share with
// it; that of other weights is refused.
func TestCacheFile(t *testing.T) {
	dir := newRun(t, "model.context=64")
	cache := filepath.Join(t.TempDir(), "prefix.safetensors")
	const system = "The Rays of Light which differ in Colour "
	generate := func(args ...string) (out, stderr string) {
		code, out, stderr := call(t, "generate", append([]string{"-run", dir, "-tokens", "20"}, args...)...)
		require.Equal(t, 0, code, stderr)
		return out, stderr
	}
	want, _ := generate("-prompt", system+"differ")
	got, _ := generate("-prompt", system+"differ", "-cache", cache)
	assert.Equal(t, want, got)
	require.FileExists(t, cache)
	got, stderr := generate("-prompt", system+"differ", "-cache", cache)
	assert.Equal(t, want, got)
	assert.Contains(t, stderr, cache+": the state after 46 tokens is used")
	want, _ = generate("-prompt", system+"are")
	got, stderr = generate("-prompt", system+"are", "-cache", cache)
	assert.Equal(t, want, got)
	assert.Contains(t, stderr, cache+": the state after 41 tokens is used")
	_, stderr = generate("-prompt", "and", "-cache", cache)
	assert.Contains(t, stderr, "the state in "+cache+" is of 46 tokens with which no prompt begins")

	prompts := file(t, "prompts.txt", system+"one\n"+system+"two\n"+system+"three\n")
	want, _ = generate("-prompts", prompts)
	many := filepath.Join(t.TempDir(), "prefix.safetensors")
	for range 2 {
		got, stderr = generate("-prompts", prompts, "-cache", many)
		assert.Equal(t, want, got)
	}
	assert.Contains(t, stderr, many+": the state after 41 tokens is used")
	none := filepath.Join(t.TempDir(), "none.safetensors")
	_, stderr = generate("-prompts", file(t, "other.txt", "one\ntwo\n"), "-cache", none)
	assert.Contains(t, stderr, "the 2 prompts begin with no common tokens")
	assert.NoFileExists(t, none)

	checkBad(t, "generate", []bad{
		{1, cache + " holds the state of another model, of other weights or at another precision", []string{"-run", newRun(t), "-prompt", "a", "-cache", cache}},
		{1, "at another precision", []string{"-run", dir, "-prompt", "a", "-cache", cache, "-precision", "medium"}},
		{1, "a prompt of 100 tokens is longer than the context of 64", []string{"-run", dir, "-prompt", strings.Repeat("a", 100), "-cache", none}},
		{1, prompts, []string{"-run", dir, "-prompt", "a", "-cache", prompts}},
	})
}
