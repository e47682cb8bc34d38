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

	"euryale/data"
	"euryale/generation"
	"euryale/internal/runfile"
	"euryale/layers/draw"
	"euryale/models"
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

// train trains a model of a configuration, and returns the run and its validation loss.
func train(t *testing.T, c Config, dir string) (*Run, float64) {
	t.Helper()
	r, err := New(c, dir, nil)
	require.NoError(t, err)
	require.NoError(t, r.Train(context.Background()))
	loss, err := r.Validate(true)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return r, loss
}

// An n-gram model goes through the same doors as a graph model: train, open, generate,
// score, measure. Before it is trained, it knows nothing.
func TestNGramRun(t *testing.T) {
	c := ngramConfig(t, "text.txt", strings.Repeat("abcabd", 200))
	dir := filepath.Join(t.TempDir(), "run")
	untrained, err := New(c, "", nil)
	require.NoError(t, err)
	loss, err := untrained.Validate(false)
	require.NoError(t, err)
	assert.InDelta(t, math.Log(4), loss, 1e-6, "four letters")
	r, loss := train(t, c, dir)
	assert.NotContains(t, r.Config.Model.(*models.NGram).Describe(), " 0\n")
	assert.Contains(t, c.Model.(*models.NGram).Describe(), " 0\n", "the caller's configuration has learned nothing")
	// After "ab" comes c or d, each as often: ln 2 on a third of the tokens, nothing on
	// the rest, and a little for the smoothing.
	assert.InDelta(t, 0.6931/3, loss, 0.03)
	records, err := runfile.ReadMetrics(filepath.Join(dir, "metrics.jsonl"))
	require.NoError(t, err)
	require.Len(t, records, 1)
	assert.Equal(t, loss, records[0].Values["val_loss"])
	assert.NoFileExists(t, filepath.Join(dir, "loss.svg"), "one point is no curve")
	_, err = Resume(dir, nil, nil)
	assert.ErrorContains(t, err, "it has read its text once, and there is nothing to continue")
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
	assert.InDelta(t, loss, s.NLLPerToken, 0.03)
	beams, err := g.Generate(context.Background(), p, generation.Settings{Tokens: 10, Beams: 3, LengthPenalty: 1}, 3, nil)
	require.NoError(t, err)
	assert.Len(t, beams, 3)
	corpus, err := data.Open(saved.Config.Data, saved.Config.Tokenizer, saved.Tokenizer, data.Options{})
	require.NoError(t, err)
	defer corpus.Close()
	sum, tokens, err := saved.ValidationLoss(context.Background(), corpus, nil)
	require.NoError(t, err)
	assert.InDelta(t, loss, sum/float64(tokens), 1e-12)
	_, err = New(c, dir, nil)
	assert.ErrorContains(t, err, "holds a run already")
}

// Of a table only the answers are counted, each after its own prompt.
func TestNGramTask(t *testing.T) {
	var rows strings.Builder
	for i := range 300 {
		fmt.Fprintf(&rows, "%d\tyes\n", i)
	}
	_, loss := train(t, ngramConfig(t, "pairs.tsv", rows.String(), "data.task=pairs", "model.order=4"), "")
	assert.Less(t, loss, 0.01)
	_, loss = train(t, ngramConfig(t, "answers.tsv", rows.String(), `data.target="1"`, "data.task=lm"), "")
	assert.Less(t, loss, math.Log(10), "numbers by digits, which are not even: most have three, and these begin with 1 or 2")
}

func TestNGramIsNoGraph(t *testing.T) {
	r, err := New(ngramConfig(t, "text.txt", strings.Repeat("abcabd", 200)), "", nil)
	require.NoError(t, err)
	_, err = r.Picture(draw.Options{})
	assert.ErrorContains(t, err, "it has no graph, no parameters and no gradients")
}

// A text that is too short for a batch is enough for a model that reads one sequence.
func TestNGramOfAShortText(t *testing.T) {
	c := ngramConfig(t, "text.txt", strings.Repeat("abc", 100))
	c.Training.Batch = 16 // sequences of a context each would be more than the text
	r, err := New(c, "", nil)
	require.NoError(t, err)
	require.NoError(t, r.Train(context.Background()))
	assert.Equal(t, 270, r.Corpus.Info.Train)
	require.NoError(t, r.Close())
}

// Counting that is interrupted leaves no weights behind.
func TestNGramInterrupted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r, err := New(ngramConfig(t, "text.txt", strings.Repeat("abcabd", 200)), dir, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, r.Train(ctx), context.Canceled)
	assert.ErrorContains(t, r.Save(), "has not counted anything yet")
	assert.NoFileExists(t, filepath.Join(dir, "weights.safetensors"))
}
