package training

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/data"
	"euryale/generation"
	"euryale/layers"
	"euryale/layers/draw"
	"euryale/models"
)

// counting is a Batcher of one's own: each token is followed by the next of four.
type counting struct{ spoil func(b *data.Batch) error }

func (c counting) Batch(n int, b *data.Batch) error {
	*b = data.Batch{B: 2, T: 4, Tokens: []int{0, 1, 2, 3, 1, 2, 3, 0}, Targets: []int{1, 2, 3, 0, 2, 3, 0, 1}}
	if c.spoil != nil {
		return c.spoil(b)
	}
	return nil
}

func (counting) Len() int { return 1 }

// own is a model that reads one token.
func own(vocab int) *models.Defined {
	m := models.Define(8, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		return layers.Head(s.Sub("head"), layers.Embedding(s.Sub("tok"), tokens, vocab, 8), vocab)
	})
	m.Vocab = vocab
	return m
}

// A run on one's own batches trains without a corpus, and says that it has none where it needs one.
func TestRunWithoutCorpus(t *testing.T) {
	c, err := ForModel(own(4), "training.steps=30", "training.eval_every=10", "training.spike=skip", "schedule.warmup=0", "optimizer.lr=0.1")
	require.NoError(t, err)
	r, err := NewOn(c, counting{})
	require.NoError(t, err)
	assert.Equal(t, "corpus    none: the batches are the caller's\nmodel: own, 68 parameters; in 2 shards", r.Describe())
	var last Step
	r.Watch = Watch{Step: func(s Step) { last = s }, Eval: func(Record) { t.Error("there is nothing to evaluate on") }}
	require.NoError(t, r.Train(context.Background()))
	assert.Equal(t, 30, last.N)
	assert.Less(t, last.Loss, 0.1)

	const missing = " needs a corpus, and this run has batches alone (training.NewOn): begin it with New, OnCorpus, OnText or OnPairs"
	_, err = r.Validate(true)
	assert.EqualError(t, err, "the validation loss"+missing)
	_, err = r.Generator()
	assert.EqualError(t, err, "a generator, which needs a tokenizer,"+missing)
	_, err = r.Sample()
	assert.EqualError(t, err, "a generator, which needs a tokenizer,"+missing)
	_, err = r.Cost()
	assert.NoError(t, err)
	_, err = r.Picture(draw.Options{})
	assert.NoError(t, err)
	assert.NoError(t, r.Save())

	steps, err := generation.NewStepper(r.Model(), r.Weights, 1) // what the error's documentation advises
	require.NoError(t, err)
	logits, err := steps.Step([]int{2})
	require.NoError(t, err)
	best := 0
	for id, x := range logits {
		if x > logits[best] {
			best = id
		}
	}
	assert.Equal(t, 3, best)
	assert.NoError(t, r.Close())
}

// What is wrong with a batch is said before it is used.
func TestOwnBatchErrors(t *testing.T) {
	for want, spoil := range map[string]func(b *data.Batch) error{
		"batch 0 has B=0 sequences of T=4 tokens":                     func(b *data.Batch) error { b.B = 0; return nil },
		"batch 0 has 7 Tokens and 8 Targets, want B·T = 2·4 of each":  func(b *data.Batch) error { b.Tokens = b.Tokens[:7]; return nil },
		"batch 0 has 8 Tokens and 0 Targets":                          func(b *data.Batch) error { b.Targets = nil; return nil },
		"batch 0 has B=2 sequences of T=4 tokens with sources of S=3": func(b *data.Batch) error { b.S = 3; return nil },
		"batch 0 has a Fresh of 1 values":                             func(b *data.Batch) error { b.Fresh = []bool{true}; return nil },
		"batch 0: the file ended":                                     func(*data.Batch) error { return errors.New("the file ended") },
		"id 9":                                                        func(b *data.Batch) error { b.Tokens[3] = 9; return nil },
	} {
		c, err := ForModel(own(4), "training.steps=2")
		require.NoError(t, err)
		r, err := NewOn(c, counting{spoil})
		require.NoError(t, err)
		assert.ErrorContains(t, r.Train(context.Background()), want)
	}
	_, err := NewOn(Config{}, counting{})
	assert.EqualError(t, err, "training.NewOn needs a model (Config.Model) and batches")
	c, err := ForModel(own(0))
	require.NoError(t, err)
	_, err = NewOn(c, counting{})
	assert.EqualError(t, err, "model: vocab = 0 and context = 8, want at least 1 (batches of one's own come without a tokenizer: set the model's Vocab)")
}

func TestOnText(t *testing.T) {
	text := strings.Repeat("abcd", 100)
	r, err := OnText(text, own(0), "training.steps=40", "schedule.warmup=0", "optimizer.lr=0.1", "training.sample=12")
	require.NoError(t, err)
	require.NoError(t, r.Train(context.Background()))
	loss, err := r.Validate(true)
	require.NoError(t, err)
	assert.Less(t, loss, 0.1)
	sample, err := r.Sample()
	require.NoError(t, err)
	assert.Contains(t, "abcd"+strings.Repeat("abcd", 4), sample)
	assert.Contains(t, r.Describe(), "corpus    text (in memory)\ntokenizer char, 4 ids")
	require.NoError(t, r.Close())

	r, err = OnText(text, nil, "model.name=ngram", "model.context=16")
	require.NoError(t, err, "a model that reads the text once")
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
}

// A run without files that was interrupted goes on where it stopped, as if it had not been.
func TestTrainContinues(t *testing.T) {
	text := strings.Repeat("abcd", 100)
	train := func(stop int) (losses []float64, r *Run) {
		r, err := OnText(text, own(0), "training.steps=6", "training.eval_every=3")
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		r.Watch.Step = func(s Step) {
			losses = append(losses, s.Loss)
			if s.N == stop {
				cancel()
			}
		}
		if stop > 0 {
			require.ErrorIs(t, r.Train(ctx), ErrInterrupted)
			require.Equal(t, stop, r.Steps())
			took := r.elapsed()
			require.Positive(t, took)
			require.Equal(t, took, r.elapsed(), "the clock stands")
		}
		require.NoError(t, r.Train(context.Background()))
		return losses, r
	}
	whole, r := train(0)
	loss, err := r.Validate(true)
	require.NoError(t, err)
	for stop := 1; stop < 6; stop++ {
		losses, r := train(stop)
		assert.Equal(t, whole, losses, "%d", stop)
		after, err := r.Validate(true)
		require.NoError(t, err)
		assert.Equal(t, loss, after)
	}
}

func TestOnPairs(t *testing.T) {
	var pairs [][2]string
	for i := range 30 {
		pairs = append(pairs, [2]string{fmt.Sprint(i), fmt.Sprint(i + 1)})
	}
	for _, sets := range [][]string{{"model.layers=1"}, {"model.name=seq2seq"}} {
		sets = append(sets, "training.steps=3", "model.dim=16")
		r, err := OnPairs(pairs, nil, sets...)
		require.NoError(t, err, sets)
		require.NoError(t, r.Train(context.Background()))
		sample, err := r.Sample()
		require.NoError(t, err)
		assert.Contains(t, sample, "→")
		require.NoError(t, r.Close())
	}
}

func TestOnCorpus(t *testing.T) {
	r, err := OnCorpus("reverse", nil, "data.size=40", "training.steps=1", "model.dim=16", "model.heads=2")
	require.NoError(t, err)
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	_, err = OnCorpus("no such corpus", nil)
	assert.ErrorContains(t, err, "no such corpus is neither a file")
}

func TestOnErrors(t *testing.T) {
	_, err := OnText("a text", own(0))
	assert.ErrorContains(t, err, "corpus text: the training part has 5 tokens")
	_, err = OnText("a text", own(0), "model.context=4")
	assert.EqualError(t, err, "model.context=4 sets a model, and another one is given: change that one, or leave it out (nil)")
	_, err = OnText("a text", own(0), "training.step=4")
	assert.ErrorContains(t, err, "did you mean training.steps?")
	_, err = OnText("a text", models.Define(8, nil))
	assert.ErrorContains(t, err, "it has no graph")
	_, err = OnPairs(nil, own(0))
	assert.ErrorContains(t, err, "the 0 pairs have 0 different sources")
	lstm, err := models.New("lstm")
	require.NoError(t, err)
	c, err := ForModel(lstm)
	require.NoError(t, err)
	assert.Equal(t, "lstm", c.ModelName)
}
