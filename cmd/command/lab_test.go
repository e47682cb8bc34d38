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

// The steps of a text and its time are said in json.
func TestTopLogprobsAndMaxTime(t *testing.T) {
	dir := newRun(t)
	for _, how := range [][]string{{"-top-k", "5"}, {"-beam", "2", "-temperature", "0"}} {
		code, out, stderr := call(t, "generate", append(how, "-run", dir, "-prompt", "The", "-tokens", "6", "-format", "json", "-top-logprobs", "3")...)
		require.Equal(t, 0, code, stderr)
		var r generation.Result
		d := json.NewDecoder(strings.NewReader(out))
		d.DisallowUnknownFields()
		require.NoError(t, d.Decode(&r))
		require.Len(t, r.Steps, 6)
		assert.Len(t, r.Logprobs, 6)
		for i, o := range r.Offsets {
			assert.Equal(t, r.Steps[i].Piece, r.Text[o[0]:o[1]])
			assert.Len(t, r.Steps[i].Top, 3)
		}
		for _, field := range []string{`"offsets":[[0,1],`, `"steps":[{"id":`, `"rank":`, `"entropy":`, `"top_logprobs":[{"id":`, `"score":`} {
			assert.Contains(t, out, field)
		}
	}
	code, out, stderr := call(t, "generate", "-run", dir, "-prompt", "The", "-tokens", "100000000", "-max-time", "50ms", "-format", "json")
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, out, `"finish_reason":"time"`)
	checkBad(t, "generate", []bad{
		{2, "-top-logprobs 2 goes with -format json", []string{"-top-logprobs", "2"}},
		{2, "top-logprobs = -1, want none below 0", []string{"-top-logprobs", "-1"}},
		{2, "max-time = -1s", []string{"-max-time", "-1s"}},
		{2, `invalid value "soon" for flag -max-time`, []string{"-max-time", "soon"}},
	})
}

// The lab writes a page and prints the measures of the strategies that it is given.
func TestLab(t *testing.T) {
	dir := newRun(t)
	page := filepath.Join(t.TempDir(), "lab.html")
	args := []string{"-run", dir, "-prompt", "The Rays", "-tokens", "20", "-lab", page, "-lab-set", "greedy; top-p=0.9 temperature=0.5 ;beam=2;", "-samples", "2"}
	code, out, stderr := call(t, "generate", args...)
	require.Equal(t, 0, code, stderr)
	assert.Regexp(t, `(?m)^top-p=0.9 temperature=0.5 +2 +40 `, out)
	assert.Regexp(t, `(?m)^beam=2 +1 +20 `, out)
	assert.Contains(t, out, "longest_copied_chars")
	assert.Contains(t, stderr, "note: the page is "+page)
	first, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, 4, strings.Count(string(first), `<p class="text"`))
	code, out, stderr = call(t, "generate", append(args, "-format", "json")...)
	require.Equal(t, 0, code, stderr)
	var l struct{ Strategies []struct{ Name string } }
	require.NoError(t, json.Unmarshal([]byte(out), &l))
	assert.Len(t, l.Strategies, 3)
	again, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, first, again, "the same seeds give the same page")

	lab := func(args ...string) []string { return append([]string{"-lab", page}, args...) }
	checkBad(t, "generate", []bad{
		{2, `-lab-set "greedy" says what -lab compares: give -lab FILE.html`, []string{"-lab-set", "greedy"}},
		{2, "-lab has no use for -interactive", lab("-interactive")},
		{2, "-lab has no use for -prompts", lab("-prompts", "p.txt")},
		{2, `name -top-k in one of them, as -lab-set "greedy; top-k=5"`, lab("-top-k", "5")},
		{2, `-lab-set "beam=2 top-k=5": -top-k 5 is of sampling, and -beam 2`, lab("-lab-set", "beam=2 top-k=5")},
		{2, `-lab-set "suppress=99999": -suppress: there is no token 99999`, lab("-run", dir, "-lab-set", "suppress=99999")},
		{2, "there is no directory no/such", []string{"-lab", "no/such/lab.html"}},
		{2, `-lab-set "top-q=3": there is no flag -top-q: did you mean -top-`, lab("-lab-set", "greedy;top-q=3")},
		{2, `-lab-set "top-p=3": top-p = 3`, lab("-lab-set", "top-p=3")},
		{2, `-lab-set "seed=3": want -seed of the command, not of a strategy`, lab("-lab-set", "seed=3")},
		{2, `-lab-set " ; " lists no strategy`, lab("-lab-set", " ; ")},
	})
}
