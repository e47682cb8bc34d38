package training

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// masked is a run of a second: an encoder that restores hidden tokens of a real book.
func masked(t *testing.T, sets ...string) Config {
	t.Helper()
	return tiny(t, append([]string{"model.name=encoder", "model.causal=false", "model.hidden=32", "data.task=mask"}, sets...)...)
}

// In a text whose every letter follows from its neighbours, hidden ones are restored:
// by a run, by its sample, and by the saved model.
func TestEncoderRestoresHiddenTokens(t *testing.T) {
	c := masked(t, "model.dropout=0", "model.dim=32", "model.layers=1", "training.batch=16", "training.steps=1000", "model.hidden=64", "schedule.warmup=100",
		"training.eval_every=0", "optimizer.lr=1e-2", "optimizer.weight_decay=0")
	c.Data.Name = filepath.Join(t.TempDir(), "letters.txt")
	require.NoError(t, os.WriteFile(c.Data.Name, []byte(strings.Repeat("abcdefghij", 500)), 0o666))
	dir := filepath.Join(t.TempDir(), "run")
	r := begin(t, c, dir)
	require.NoError(t, r.Train(context.Background()))
	sample, err := r.Sample()
	require.NoError(t, err)
	lines := strings.Split(sample, "\n")
	require.Len(t, lines, 3, sample)
	assert.Contains(t, lines[0], "<|mask|>")
	assert.Equal(t, lines[2], "("+strings.TrimPrefix(lines[1], "→ ")+")", "restored to what the text was")
	require.NoError(t, r.Close())

	saved, err := Open(dir, false)
	require.NoError(t, err)
	g, err := saved.Generator()
	require.NoError(t, err)
	p, err := g.Prompt("cd<|mask|>fgh<|mask|>jab")
	require.NoError(t, err)
	got, err := g.Restore(p)
	require.NoError(t, err)
	assert.Equal(t, "cdefghijab", got.Text)
	assert.Equal(t, "restored", got.FinishReason)
	require.Len(t, got.Logprobs, 2)
	assert.Greater(t, got.Logprobs[0], -0.5)
	_, err = g.Score(context.Background(), "abc", 0, nil)
	assert.ErrorContains(t, err, "the model is bidirectional")
	p.Tokens = make([]int, 17)
	_, err = g.Restore(p)
	assert.EqualError(t, err, "the text has 17 tokens, and the model reads 16: shorten it")
}

// A run of masked tokens was stopped and resumed: its losses are those of one that was not.
func TestResumeMasked(t *testing.T) {
	c := masked(t)
	want := losses(t, begin(t, c, ""), 0)
	dir := filepath.Join(t.TempDir(), "run")
	got := losses(t, begin(t, c, dir), 13)
	r, err := Resume(dir, nil, nil)
	require.NoError(t, err)
	require.Equal(t, want, append(got, losses(t, r, 0)...))
}

// A bidirectional model cannot learn to predict the next token; and a model that attends to one
// side only does not restore hidden tokens.
func TestTaskSuitsTheModel(t *testing.T) {
	for want, sets := range map[string][]string{
		`the model is bidirectional: it attends to the token that it should predict`:                          {"model.name=encoder", "model.causal=false"},
		`data.task is "mask", for models that attend to both sides of a masked token, and this gpt is causal`: {"data.task=mask"},
		`and this encoder is causal`: {"model.name=encoder", "data.task=mask"},
		`and this ngram is causal`:   {"model.name=ngram", "data.task=mask"},
	} {
		c, err := Parse("", sets)
		require.NoError(t, err)
		_, err = New(c, "", nil)
		assert.ErrorContains(t, err, want)
	}
}
