package training

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// Rows that are too long for the model are cut, in training and samples, and counted; what
// a user gives is not.
func TestLongSourcesAreCutInTrainingOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r := begin(t, answering(t, "copy", "data.level=3", "data.size=400", "training.steps=2"), dir) // strings of up to 32 letters
	assert.Regexp(t, `rows: 36\d examples in .* [12]\d\d cut to fit`, r.Describe(), "nine tenths of 400 rows, of which half or more have over 13 letters")
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	saved, err := Open(dir, false)
	require.NoError(t, err)
	g, err := saved.Generator()
	require.NoError(t, err)
	_, err = g.Prompt("abcdefghijabc")
	require.NoError(t, err)
	cut, err := g.PromptCut("abcdefghijabcd")
	require.NoError(t, err)
	assert.Len(t, cut.Source, 13+1, "letters and the end of the source")
	_, err = g.Prompt("abcdefghijabcd")
	assert.EqualError(t, err, "source: the text has 14 tokens, and the model reads 13: shorten it, or train with a larger model.source_context and data.max_source")
	_, err = g.Score(context.Background(), "abc", 0, nil)
	assert.EqualError(t, err, "the model answers a source, and a text alone has none: scores are for language models; evaluate -run measures this one")
}
