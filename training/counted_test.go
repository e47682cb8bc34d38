package training

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// ngramConfig is a 3-gram model of a text in a file.
func ngramConfig(t *testing.T, name, text string, sets ...string) Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	c, err := Parse("", append([]string{"model.name=ngram", "model.order=3", "data.name=" + path}, sets...))
	require.NoError(t, err)
	return c
}

// An n-gram model goes through the commands' whole way: count, open, generate, score,
// measure.
func TestCountedRun(t *testing.T) {
	c := ngramConfig(t, "text.txt", strings.Repeat("abcabd", 200))
	dir := filepath.Join(t.TempDir(), "run")
	r, err := Count(c, dir, nil)
	require.NoError(t, err)
	// After "ab" comes c or d, each as often: ln 2 on a third of the tokens, nothing on
	// the rest, and a little for the smoothing.
	assert.InDelta(t, 0.6931/3, r.Loss, 0.03)
	saved, err := Open(dir, false)
	require.NoError(t, err)
	g, err := saved.Generator()
	require.NoError(t, err)
	p, err := g.Prompt("ca")
	require.NoError(t, err)
	texts, err := g.Generate(context.Background(), p, generation.Settings{Tokens: 60, Temperature: 1, TopP: 0.9, Seed: 3}, 2, nil)
	require.NoError(t, err)
	for _, r := range texts {
		assert.Regexp(t, `^b[cd](ab[cd]){19}a?b?$`, r.Text)
	}
	s, err := g.Score(context.Background(), strings.Repeat("abcabd", 50), 0, nil)
	require.NoError(t, err)
	assert.InDelta(t, r.Loss, s.NLLPerToken, 0.03)
	beams, err := g.Generate(context.Background(), p, generation.Settings{Tokens: 10, Beams: 3, LengthPenalty: 1}, 3, nil)
	require.NoError(t, err)
	assert.Len(t, beams, 3)
	m, err := Evaluate(context.Background(), dir, Evaluation{Part: "valid", Examples: 2, Settings: generation.Settings{Tokens: 20}})
	require.NoError(t, err)
	for _, v := range m.Report {
		if v.Name == "nll_per_token" {
			assert.InDelta(t, r.Loss, v.Value, 1e-12)
		}
	}
	assert.Len(t, m.Samples, 2)
	_, err = Count(c, dir, nil)
	assert.ErrorContains(t, err, "holds a run already")
}

// Of a table only the answers are counted, each after its own prompt.
func TestCountedTask(t *testing.T) {
	var rows strings.Builder
	for i := range 300 {
		fmt.Fprintf(&rows, "%d\tyes\n", i)
	}
	r, err := Count(ngramConfig(t, "pairs.tsv", rows.String(), "data.task=pairs", "model.order=4"), "", nil)
	require.NoError(t, err)
	assert.Less(t, r.Loss, 0.01)
	r, err = Count(ngramConfig(t, "answers.tsv", rows.String(), `data.target="1"`, "data.task=lm"), "", nil)
	require.NoError(t, err)
	assert.Less(t, r.Loss, math.Log(10), "numbers by digits, which are not even: most have three, and these begin with 1 or 2")
}

func TestNGramIsNoGraph(t *testing.T) {
	c := ngramConfig(t, "text.txt", strings.Repeat("abcabd", 200))
	_, err := New(c, "", nil)
	assert.ErrorContains(t, err, "it has no graph, no parameters and no gradients")
	_, err = Count(Default(), "", nil)
	assert.ErrorContains(t, err, "the model gpt is not counted")
}
