package command

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// Options that contradict each other, or that cannot be read, are errors that name them, and no run is
// opened for them.
func TestDecodingUsedWrongly(t *testing.T) {
	checkBad(t, "generate", []bad{
		{2, "-top-k 5 is of sampling, and -temperature 0 is greedy: leave one of them out", []string{"-temperature", "0", "-top-k", "5"}},
		{2, "-temperature 0.7 is of sampling, and -beam 1 is greedy", []string{"-beam", "1", "-temperature", "0.7"}},
		{2, "-typical 0.9 is of sampling, and -beam 4 without -beam-sample does not sample", []string{"-beam", "4", "-typical", "0.9"}},
		{2, "-length-penalty is of beam search: set -beam to 2 or more", []string{"-length-penalty", "2"}},
		{2, "-early-stop is of beam search", []string{"-early-stop", "-beam", "1"}},
		{2, "-stream prints a text while it is generated, and -beam 4 chooses among finished texts", []string{"-beam", "4", "-stream"}},
		{2, "-stream prints a text while it is generated, and -mbr 4 chooses", []string{"-mbr", "4", "-stream"}},
		{2, "-samples 5 of -best-of 4: want at most as many", []string{"-best-of", "4", "-samples", "5"}},
		{2, "-samples 5 of -beam 4: want at most as many", []string{"-beam", "4", "-samples", "5"}},
		{2, "best-of = 4 and beam = 2 exclude each other", []string{"-best-of", "4", "-beam", "2"}},
		{2, "best-of = 4 with temperature = 0", []string{"-best-of", "4", "-temperature", "0"}},
		{2, "beam-sample with beam = 0", []string{"-beam-sample"}},
		{2, "epsilon = 2", []string{"-epsilon", "2"}},
		{2, "-length-decay 5: want START,F", []string{"-length-decay", "5"}},
		{2, `-logit-bias "the": want TOKEN:X`, []string{"-logit-bias", "the"}},
		{2, `-force "x:the": want N:TOKEN`, []string{"-force", "x:the"}},
		{2, `no processor is named "topk"; there are logit-bias, repetition-penalty,`, []string{"-processors", "topk"}},
		{2, "processors: top-k is set, and the list does not name it", []string{"-processors", "temperature", "-top-k", "5"}},
	})
	dir := newRun(t)
	checkBad(t, "generate", []bad{
		{2, "-suppress: there is no token 5000: the vocabulary has ", []string{"-run", dir, "-suppress", "5000"}},
		{2, `-logit-bias "the" is 3 tokens, [`, []string{"-run", dir, "-logit-bias", "the:2"}},
		{2, `-force "春": character "春"`, []string{"-run", dir, "-force", "0:春"}},
		{2, `-bad-words "春" has no tokens in the vocabulary of the model`, []string{"-run", dir, "-bad-words", "春"}},
	})
	checkDecoding(t, dir)
}

// checkDecoding tries what the options do on a trained model.
func checkDecoding(t *testing.T, dir string) {
	generate := func(args ...string) string {
		t.Helper()
		code, out, stderr := call(t, "generate", append([]string{"-run", dir, "-prompt", "The ", "-tokens", "30"}, args...)...)
		require.Equal(t, 0, code, stderr)
		return strings.TrimPrefix(out, "The ")
	}
	greedy := generate("-temperature", "0")
	assert.Equal(t, greedy, generate("-beam", "1"))
	assert.NotEqual(t, greedy, generate("-beam", "3", "-beam-sample", "-temperature", "2"))
	assert.NotContains(t, generate("-temperature", "0", "-suppress", greedy[:1], "-suppress", greedy[1:2]), greedy[:1])
	assert.NotContains(t, generate("-bad-words", "a", "-bad-words", "e"), "e")
	assert.Equal(t, "yyyyy", generate("-logit-bias", "y:1000")[:5])
	assert.Regexp(t, `^..y.{26}z\n$`, generate("-force", "2:y", "-force", "-1:z", "-suppress", "\n"))
	assert.Equal(t, "repetition-penalty,temperature,top-p\n", generate("-processors", "show", "-repetition-penalty", "2"))
	assert.Equal(t, generate("-top-p", "0", "-temperature", "1", "-min-p", "0.2"), generate("-processors", "min-p", "-min-p", "0.2"), "those that are not named are off")

	mean := func(args ...string) float64 {
		var r generation.Result
		require.NoError(t, json.Unmarshal([]byte(generate(append(args, "-format", "json", "-logprobs")...)), &r))
		sum := 0.0
		for _, l := range r.Logprobs {
			sum += l
		}
		return sum / float64(len(r.Logprobs))
	}
	gain := 0.0
	for _, seed := range []string{"1", "2", "3"} {
		better := mean("-best-of", "8", "-seed", seed) - mean("-samples", "1", "-seed", seed)
		assert.GreaterOrEqual(t, better, -1e-6, "the first of the eight is that one sample")
		gain += better
	}
	assert.Greater(t, gain, 0.01, "in one of three draws another of the eight is better")
	one := generate("-mbr", "1")
	assert.Equal(t, one, generate(), "of one sample")
}
