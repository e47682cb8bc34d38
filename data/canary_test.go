package data

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// plainText is 300 lines of letters.
var plainText = strings.Repeat("the quick brown fox jumps\n", 300)

// Each canary is planted as often as it says, whole lines in the training part alone; controls are not; and
// what is left without them is the text.
func TestCanariesArePlanted(t *testing.T) {
	c := Config{Canaries: 4, CanaryRepeats: "5,1", CanaryFormat: "the key is ####", Seed: 7, Split: 0.8, Test: 0.1}
	corpus, err := FromText(plainText, c, tokenizer.Config{}, nil, Options{Cache: t.TempDir()})
	require.NoError(t, err)
	defer corpus.Close()
	train, err := corpus.Text("train", 0)
	require.NoError(t, err)
	rest := ""
	for _, part := range []string{"valid", "test"} {
		text, err := corpus.Text(part, 0)
		require.NoError(t, err)
		rest += text
	}
	planted, controls, err := corpus.Config.CanaryLines()
	require.NoError(t, err)
	require.Len(t, planted, 4)
	require.Len(t, controls, 4)
	for i, p := range planted {
		assert.Equal(t, []int{5, 1, 5, 1}[i], p.Repeats)
		assert.Len(t, p.Secret, 4)
		assert.Equal(t, p.Repeats, strings.Count(train, "\n"+p.Line()+"\n"))
		assert.NotContains(t, rest, p.Secret)
	}
	for _, p := range controls {
		assert.NotContains(t, train+rest, p.Secret)
		assert.Zero(t, p.Repeats)
	}
	all := train + rest
	for _, p := range planted {
		all = strings.ReplaceAll(all, p.Line()+"\n", "")
	}
	assert.Equal(t, plainText, all)
	assert.InDelta(t, 0.8, float64(len(train))/float64(len(train+rest)), 0.001)
}

// Without canaries the corpus is what it was, and with them it follows from the seed.
func TestCanariesFollowFromTheSeed(t *testing.T) {
	text := func(c Config) (string, string) {
		corpus, err := FromText(plainText, c, tokenizer.Config{}, nil, Options{Cache: t.TempDir()})
		require.NoError(t, err)
		defer corpus.Close()
		train, err := corpus.Text("train", 0)
		require.NoError(t, err)
		return train, corpus.Fingerprint()
	}
	none, known := text(Config{})
	same, again := text(Config{Seed: 3, CanaryRepeats: "7"})
	assert.Equal(t, none, same)
	assert.Equal(t, known, again)
	a, _ := text(Config{Canaries: 2, Seed: 3})
	b, _ := text(Config{Canaries: 2, Seed: 3})
	other, _ := text(Config{Canaries: 2, Seed: 4})
	assert.Equal(t, a, b)
	assert.NotEqual(t, a, other)
}

func TestCanaryErrors(t *testing.T) {
	for want, c := range map[string]Config{
		"data.canaries is -1: it must be from 0": {Canaries: -1},
		`data.canary_format is "no digits"`:      {Canaries: 1, CanaryFormat: "no digits"},
		`data.canary_format is "a ## and ###"`:   {Canaries: 1, CanaryFormat: "a ## and ###"},
		`data.canary_format is "####"`:           {Canaries: 1, CanaryFormat: "####"},
		`data.canary_repeats is "10,0"`:          {Canaries: 1, CanaryRepeats: "10,0"},
		`data.canary_repeats is "many"`:          {Canaries: 1, CanaryRepeats: "many"},
		"the training part has no end of a line": {Canaries: 300, CanaryRepeats: "1000"},
	} {
		_, err := FromText(plainText, c, tokenizer.Config{}, nil, Options{Cache: t.TempDir()})
		assert.ErrorContains(t, err, want)
	}
	_, err := FromPairs([][2]string{{"a", "b"}, {"c", "d"}}, Config{Canaries: 1}, tokenizer.Config{}, nil, Options{})
	assert.ErrorContains(t, err, "planted in running text (data.task lm or mask)")
	path := filepath.Join(t.TempDir(), "a.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("{\"text\": \"one\"}\n{\"text\": \"two\"}\n"), 0o600))
	_, err = Open(Config{Name: path, Canaries: 1}, tokenizer.Config{}, nil, Options{Cache: t.TempDir()})
	assert.ErrorContains(t, err, "canaries are planted in running text")
	assert.Greater(t, math.Pow10(strings.Count(canaryFormat, "#")), math.Exp2(29), "an exposure of 20 bits can be measured by default")
}
