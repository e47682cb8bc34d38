package experiment

import (
	"context"
	"encoding/json"
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
	"euryale/training"
)

// text is a file of running text of some kilobytes.
func text(t *testing.T, sentence string) string {
	path := filepath.Join(t.TempDir(), "text.txt")
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, "%s The %dth time.\n", sentence, i*i)
	}
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o666))
	return path
}

const rays = "The Rays of Light which differ in Colour differ also in Refrangibility."

// trained trains a small run in a directory of its own and returns that.
func trained(t *testing.T, name string, sets ...string) string {
	t.Helper()
	c, err := training.Parse("", append([]string{"model.dim=8", "model.layers=1", "model.heads=1", "model.context=16", "training.steps=10",
		"training.batch=4", "training.eval_every=5", "training.sample=0"}, sets...))
	require.NoError(t, err)
	return train(t, name, c)
}

func train(t *testing.T, name string, c training.Config) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	r, err := training.New(c, dir, nil)
	require.NoError(t, err)
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	return dir
}

func compare(t *testing.T, o CompareOptions, dirs ...string) *Comparison {
	t.Helper()
	c, err := Compare(context.Background(), dirs, o)
	require.NoError(t, err)
	return c
}

// Runs with one tokenizer are compared in nats a token; the losses are those of the whole
// validation part, and every token is in a block.
func TestCompareLosses(t *testing.T) {
	name := "data.name=" + text(t, rays)
	a, b := trained(t, "a", name), trained(t, "b", name, "model.dim=16", "model.context=24", "training.batch=3")
	c := compare(t, CompareOptions{}, a, b)
	assert.Equal(t, "nats a token", c.Unit)
	for i, dir := range []string{a, b} {
		s, err := training.Open(dir, false)
		require.NoError(t, err)
		corpus, err := data.Open(s.Config.Data, s.Config.Tokenizer, s.Tokenizer, data.Options{})
		require.NoError(t, err)
		sum, n, err := s.ValidationLoss(context.Background(), corpus, nil)
		require.NoError(t, err)
		assert.Equal(t, n, c.Tokens)
		assert.InDelta(t, sum/float64(n), c.Groups[i].Losses[0], 1e-5)
	}
	v := c.Verdicts[0]
	assert.InDelta(t, c.Groups[0].Losses[0]-c.Groups[1].Losses[0], v.Gain, 1e-9)
	assert.True(t, v.OfRuns)
	assert.Empty(t, v.Better(), "one seed each is no evidence about the definitions")
	assert.Contains(t, c.Settings, Difference{"model.dim", []string{"8", "16"}})
	assert.Contains(t, c.Parameters, Difference{"ln/gain", []string{"[8]", "[16]"}})
	assert.Greater(t, c.Groups[1].Cost.Train, c.Groups[0].Cost.Train)
	var object map[string]any
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &object))
	assert.Equal(t, v.Sentence(), object["verdicts"].([]any)[0].(map[string]any)["sentence"])
}

// Runs with different tokenizers are compared in bits a byte over the same text.
func TestCompareTokenizers(t *testing.T) {
	name := "data.name=" + text(t, rays)
	c := compare(t, CompareOptions{}, trained(t, "a", name), trained(t, "b", name, "tokenizer.kind=bpe", "tokenizer.vocab=300"))
	assert.Equal(t, "bits a byte", c.Unit)
	s, err := training.Open(c.Groups[1].Runs[0], false)
	require.NoError(t, err)
	corpus, err := data.Open(s.Config.Data, s.Config.Tokenizer, s.Tokenizer, data.Options{})
	require.NoError(t, err)
	sum, _, err := s.ValidationLoss(context.Background(), corpus, nil)
	require.NoError(t, err)
	valid, err := corpus.Text("valid", 0)
	require.NoError(t, err)
	assert.Len(t, valid, c.Bytes)
	assert.InDelta(t, sum/math.Ln2/float64(len(valid)), c.Groups[1].Losses[0], 1e-5)
}

// Models that read a text once depend on no seed: of two of them the better one is told.
func TestComparePredictors(t *testing.T) {
	name := "data.name=" + text(t, rays)
	c := compare(t, CompareOptions{}, trained(t, "a", name, "model.name=gpt"), trainedNGram(t, name, 1), trainedNGram(t, name, 4))
	assert.Empty(t, c.Verdicts[1].Better(), "the GPT has a seed")
	c = compare(t, CompareOptions{}, c.Groups[1].Runs[0], c.Groups[2].Runs[0])
	assert.Equal(t, "B", c.Verdicts[0].Better())
	assert.Regexp(t, `^B is better by \d\.\d+ ± \d\.\d+ nats a token \(95 %\)$`, c.Sentences()[0])
}

func trainedNGram(t *testing.T, name string, order int) string {
	c, err := training.Parse("", []string{name, "model.name=ngram", fmt.Sprintf("model.order=%d", order), "training.sample=0"})
	require.NoError(t, err)
	return train(t, fmt.Sprintf("ngram%d", order), c)
}

// The answers of a task are compared in BLEU, chrF and ROUGE, with the losses.
func TestCompareTask(t *testing.T) {
	sets := []string{"model.name=transformer", "data.name=copy", "data.size=100", "data.level=1", "model.source_context=16"}
	c := compare(t, CompareOptions{Examples: 8, Settings: generation.Settings{Tokens: 6}}, trained(t, "a", sets...), trained(t, "b", append(sets, "training.seed=2")...))
	var measures []string
	for _, v := range c.Verdicts {
		measures = append(measures, v.Measure)
	}
	assert.Equal(t, []string{"loss", "bleu", "chrf2", "rouge_1", "rouge_2", "rouge_l"}, measures)
	assert.Empty(t, c.Settings, "they differ only in the seed")
	assert.Contains(t, c.String(), "differ in nothing but the seed")
	assert.Contains(t, c.String(), "\nchrf2: ")
}

// Masked models are compared on the same hidden tokens, and refused on others.
func TestCompareMasked(t *testing.T) {
	sets := []string{"data.name=" + text(t, rays), "model.name=encoder", "model.causal=false", "data.task=mask", "model.hidden=8"}
	a := trained(t, "a", sets...)
	c := compare(t, CompareOptions{}, a, trained(t, "b", append(sets, "training.seed=2")...))
	assert.Zero(t, c.Bytes)
	assert.Less(t, c.Tokens, 1000)
	_, err := Compare(context.Background(), []string{a, trained(t, "c", append(sets, "model.context=8")...)}, CompareOptions{})
	assert.ErrorContains(t, err, "hide other tokens of the text")
}

func TestCompareErrors(t *testing.T) {
	name := "data.name=" + text(t, rays)
	a := trained(t, "a", name)
	ctx := context.Background()
	for _, c := range []struct {
		want string
		runs []string
	}{
		{"there is nothing to compare", []string{a}},
		{"cannot be compared with itself", []string{a, a}},
		{"there is no such directory", []string{a, a + "-none"}},
		{"are measured on different texts", []string{a, trained(t, "b", "data.name="+text(t, "Another text altogether, on something else."))}},
	} {
		_, err := Compare(ctx, c.runs, CompareOptions{})
		assert.ErrorContains(t, err, c.want)
	}
	_, err := CompareRuns(ctx, [][]string{{a, trained(t, "b", name, "training.seed=2", "optimizer.lr=1e-3")}, {a}}, CompareOptions{})
	assert.ErrorContains(t, err, "has optimizer.lr = 0.002 and")
	_, err = CompareRuns(ctx, [][]string{{a, trained(t, "b", name)}, {a}}, CompareOptions{})
	assert.ErrorContains(t, err, "have the same seed, 1")
	untrained := trained(t, "c", name)
	require.NoError(t, os.Remove(filepath.Join(untrained, "weights.safetensors")))
	require.NoError(t, os.Remove(filepath.Join(untrained, "best.safetensors")))
	_, err = Compare(ctx, []string{a, untrained}, CompareOptions{})
	assert.ErrorContains(t, err, untrained+" has no weights yet")
	ended, end := context.WithCancel(ctx)
	end()
	_, err = Compare(ended, []string{a, trained(t, "d", name, "training.seed=2")}, CompareOptions{})
	assert.ErrorIs(t, err, context.Canceled)
}

// The sentences say what is known, in the words of the field.
func TestSentences(t *testing.T) {
	e := Estimate{Gain: 0.031, Half: 0.008, Level: 0.95, Seeds: [2]int{3, 3}, SeedSD: [2]float64{0.003, 0.003}, TextSD: 0.001}
	v := Verdict{Measure: "loss", Unit: "nats a token", A: "A", B: "B", Estimate: e, Family: 1}
	assert.Equal(t, "B is better by 0.031 ± 0.008 nats a token (95 %, 3 seeds each)", v.Sentence())
	v.Gain = -0.031
	assert.Equal(t, "A is better by 0.031 ± 0.008 nats a token (95 %, 3 seeds each)", v.Sentence())
	v.Gain, v.Half, v.MoreSeeds = 0.004, 0.011, 5
	assert.Equal(t, "cannot tell: 0.004 ± 0.011 nats a token (95 %, 3 seeds each); about 5 more seeds each would", v.Sentence())
	v.MoreSeeds = -1
	assert.Contains(t, v.Sentence(), "; 100 more seeds each would not")
	v.Borrowed, v.Seeds, v.MoreSeeds = true, [2]int{1, 3}, 0
	assert.Contains(t, v.Sentence(), "(95 %, 1 and 3 seeds, if the seeds of both spread alike)")
	v.Family, v.Level = 2, level(2)
	assert.Contains(t, v.Sentence(), "97.5 %")
	v.Gain, v.Half = 0, 0
	assert.Equal(t, "A and B have the same loss", v.Sentence())
}
