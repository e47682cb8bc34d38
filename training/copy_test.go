package training

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// answering is a small encoder–decoder that answers strings of up to 8 letters.
func answering(t *testing.T, task string, sets ...string) Config {
	t.Helper()
	c, err := Parse("../configs/"+task+"-transformer.toml", append([]string{"data.size=4000", "data.level=1", "model.dim=32", "model.layers=1",
		"model.context=16", "model.source_context=16", "training.steps=900", "training.batch=32", "training.eval_every=0",
		"optimizer.lr=1e-2", "schedule.warmup=50"}, sets...))
	require.NoError(t, err)
	return c
}

// An encoder–decoder learns to copy strings that it has never seen, and to reverse them,
// through the whole way of a run: batches, training, saving, opening, decoding with its
// memory of the source.
func TestTransformerCopiesAndReverses(t *testing.T) {
	for _, task := range []string{"copy", "reverse"} {
		t.Run(task, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), task)
			r := begin(t, answering(t, task), dir)
			require.NoError(t, r.Train(context.Background()))
			require.NoError(t, r.Close())
			m, err := Evaluate(context.Background(), dir, Evaluation{Part: "valid", Examples: 300, Settings: generation.Settings{Tokens: 12}})
			require.NoError(t, err)
			exact := 0
			for _, s := range m.Samples {
				if s.Text == s.Reference {
					exact++
				}
			}
			t.Logf("%d exact", exact)
			assert.Len(t, m.Samples, 300)
			assert.GreaterOrEqual(t, exact, 297, "of 300 strings to the letter")
		})
	}
}

// Rows that are too long for the model are cut, in training, samples and evaluations, and
// counted; what a user gives is not.
func TestLongSourcesAreCutInTrainingOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r := begin(t, answering(t, "copy", "data.level=3", "data.size=400", "training.steps=2"), dir) // strings of up to 32 letters
	assert.Regexp(t, `rows: 36\d examples in .* [12]\d\d cut to fit`, r.Describe(), "nine tenths of 400 rows, of which half or more have over 13 letters")
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	_, err := Evaluate(context.Background(), dir, Evaluation{Part: "valid", Settings: generation.Settings{Tokens: 3}})
	require.NoError(t, err)
	saved, err := Open(dir, false)
	require.NoError(t, err)
	g, err := saved.Generator()
	require.NoError(t, err)
	_, err = g.Prompt("abcdefghijabc")
	require.NoError(t, err)
	_, err = g.Prompt("abcdefghijabcd")
	assert.EqualError(t, err, "source: the text has 14 tokens, and the model reads 13: shorten it, or train with a larger model.source_context and data.max_source")
	_, err = g.Score(context.Background(), "abc", 0, nil)
	assert.EqualError(t, err, "the model answers a source, and a text alone has none: scores are for language models; train -eval measures this one")
}
