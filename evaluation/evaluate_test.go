package evaluation

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/evaluation/metrics"
	"euryale/generation"
	"euryale/training"
)

// trained trains a run and opens it.
func trained(t *testing.T, config string, sets ...string) *training.Saved {
	t.Helper()
	s, err := training.Open(trainedDir(t, config, sets...), false)
	require.NoError(t, err)
	return s
}

// trainedDir trains a run and returns its directory.
func trainedDir(t *testing.T, config string, sets ...string) (dir string) {
	t.Helper()
	c, err := training.Parse(config, append([]string{"training.eval_every=0", "training.sample=0"}, sets...))
	require.NoError(t, err)
	dir = filepath.Join(t.TempDir(), "run")
	r, err := training.New(c, dir, nil)
	require.NoError(t, err)
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	return dir
}

// file returns a file with a text, gone when the test ends.
func file(t *testing.T, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}

func value(t *testing.T, r metrics.Report, name string) float64 {
	t.Helper()
	for _, m := range r {
		if m.Name == name {
			return m.Value
		}
	}
	require.Fail(t, "there is no measure "+name, "%v", r)
	return 0
}

// answering are the settings of a small encoder–decoder that answers strings of up to 8
// letters.
func answering(more ...string) []string {
	return append([]string{"data.size=4000", "data.level=1", "model.dim=32", "model.layers=1", "model.context=16", "model.source_context=16",
		"training.steps=900", "training.batch=32", "optimizer.lr=1e-2", "schedule.warmup=50"}, more...)
}

// An encoder–decoder learns to copy strings that it has never seen, and to reverse them,
// through the whole way of a run: batches, training, saving, opening, decoding with its
// memory of the source.
func TestTransformerCopiesAndReverses(t *testing.T) {
	for _, task := range []string{"copy", "reverse"} {
		t.Run(task, func(t *testing.T) {
			run := trained(t, "../configs/"+task+"-transformer.toml", answering()...)
			m, err := Measure(context.Background(), run, Options{Part: "valid", Examples: 300, Settings: generation.Settings{Tokens: 12}})
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

// Examples that are too long for the model are cut, as in training.
func TestLongSourcesAreCut(t *testing.T) {
	run := trained(t, "../configs/copy-transformer.toml", answering("data.level=3", "data.size=400", "training.steps=2")...) // strings of up to 32 letters
	m, err := Measure(context.Background(), run, Options{Part: "valid", Settings: generation.Settings{Tokens: 3}})
	require.NoError(t, err)
	assert.NotEmpty(t, m.Samples)
}

// The perplexity of characters is that of tokens where each is a token; longer tokens share their loss among
// theirs, and each end counts as one. Answers that were cut have none.
func TestPerplexityOfCharacters(t *testing.T) {
	rows := file(t, "rows.tsv", strings.Repeat("abc\tabab abab abab abab\ndef\tcaca caca caca caca\nghi\tabab caca abab caca\njkl\tcaca abab caca abab\n", 30))
	table := []string{"data.name=" + rows, "data.task=pairs", "data.key=2", "data.split=0.5", "training.steps=2", "model.dim=32", "model.context=32"}
	measured := func(sets ...string) metrics.Report {
		m, err := Measure(context.Background(), trained(t, "../configs/copy-transformer.toml", append(table, sets...)...), Options{Part: "valid", Examples: 1, Settings: generation.Settings{Tokens: 3}})
		require.NoError(t, err)
		return m.Report
	}
	chars := measured("tokenizer.kind=char")
	assert.InEpsilon(t, value(t, chars, "perplexity"), value(t, chars, "perplexity_per_char"), 1e-9)
	merged := measured("tokenizer.kind=bpe", "tokenizer.vocab=270")
	assert.Less(t, value(t, merged, "perplexity_per_char"), 0.8*value(t, merged, "perplexity"))
	for _, m := range measured("tokenizer.kind=char", "model.context=16") {
		assert.NotEqual(t, "perplexity_per_char", m.Name)
	}
}

// A model of masked tokens has a loss, and generates nothing.
func TestMaskedModel(t *testing.T) {
	run := trained(t, "", "model.name=encoder", "model.causal=false", "model.layers=1", "model.heads=2", "model.dim=16", "model.hidden=16",
		"model.context=16", "data.task=mask", "training.steps=3", "data.name="+file(t, "letters.txt", strings.Repeat("abcdefghij", 200)))
	m, err := Measure(context.Background(), run, Options{Part: "valid", Settings: generation.Settings{Tokens: 5}})
	require.NoError(t, err)
	assert.Empty(t, m.Samples)
	assert.Less(t, value(t, m.Report, "nll_per_token"), 4.0, "nats of a hidden token; a guess among a dozen is 2.5")
}

// An n-gram model is measured as any other.
func TestNGram(t *testing.T) {
	run := trained(t, "", "model.name=ngram", "model.order=3", "data.name="+file(t, "text.txt", strings.Repeat("abcabd", 200)))
	m, err := Measure(context.Background(), run, Options{Part: "valid", Examples: 2, Settings: generation.Settings{Tokens: 20}})
	require.NoError(t, err)
	// After "ab" comes c or d, each as often: ln 2 on a third of the tokens, nothing on the
	// rest, and a little for the smoothing.
	assert.InDelta(t, 0.6931/3, value(t, m.Report, "nll_per_token"), 0.03)
	assert.Len(t, m.Samples, 2)
	assert.Greater(t, value(t, m.Report, "longest_copied_chars"), 5.0)
}

func TestImportedRunHasNoCorpus(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	s, err := training.Import("../interchange/testdata/gpt2", "", dir)
	require.NoError(t, err)
	_, err = Measure(context.Background(), s, Options{Part: "valid"})
	assert.ErrorIs(t, err, ErrNoCorpus)
}

// An evaluation that is interrupted returns what it has measured, and says of what.
func TestInterruptedMeasure(t *testing.T) {
	run := trained(t, "../configs/copy-transformer.toml", answering("data.size=400", "training.steps=2", "training.batch=4")...)
	o := Options{Part: "valid", Settings: generation.Settings{Tokens: 3}}
	whole, err := Measure(context.Background(), run, o)
	require.NoError(t, err)
	assert.Empty(t, whole.Partial)
	ctx, cancel := context.WithCancel(context.Background())
	o.Validating = func(done, total int) {
		if done == 2 {
			cancel()
		}
	}
	m, err := Measure(ctx, run, o)
	require.ErrorIs(t, err, context.Canceled)
	assert.Regexp(t, `^the loss of \d+ tokens, in 2 of the valid part's \d+ batches$`, m.Partial)
	assert.InDelta(t, value(t, whole.Report, "nll_per_token"), value(t, m.Report, "nll_per_token"), 0.5)

	ctx, cancel = context.WithCancel(context.Background())
	o.Validating, o.Progress = nil, func(done, total int) { cancel() }
	m, err = Measure(ctx, run, o)
	require.ErrorIs(t, err, context.Canceled)
	assert.Regexp(t, `^the answers to 16 of \d+ examples$`, m.Partial)
	assert.Equal(t, whole.Samples[:16], m.Samples)
	assert.Equal(t, value(t, whole.Report, "nll_per_token"), value(t, m.Report, "nll_per_token"))
	assert.Equal(t, 16.0, value(t, m.Report, "texts"))

	m, err = Measure(ctx, run, o)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, m, "nothing was measured")
}
