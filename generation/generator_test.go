package generation

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/vec"
	"euryale/layers/graph"
	"euryale/models"
)

const alphabet = "\nabcdefgh春夏秋冬"

// newGenerator is a small GPT with weights drawn at random, wide enough to have opinions.
func newGenerator(t testing.TB, context int) *Generator {
	t.Helper()
	return generatorOf(t, &models.GPT{Sizes: models.Sizes{Context: context}, Layers: 2, Heads: 2, Dim: 8, Activation: "gelu", Bias: true})
}

// generatorOf has a model's weights drawn at random.
func generatorOf(t testing.TB, m models.Model) *Generator {
	t.Helper()
	tk := tokenizer.NewChar(alphabet)
	m.Common().Vocab = tk.Vocab()
	w := graph.NewWeights(1)
	_, err := models.NewMemory(m, w, 1, m.Common().Context, models.SourceOf(m))
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(5, 6))
	for _, p := range w.All() {
		for i := range p.Float32() {
			p.Float32()[i] += 0.3 * float32(rng.NormFloat64())
		}
	}
	return &Generator{Model: m, Weights: w, Tokenizer: tk}
}

func (g *Generator) prompt(t testing.TB, text string) Prompt {
	t.Helper()
	p, err := Plain(g.Tokenizer, text)
	require.NoError(t, err)
	return p
}

// whole gives the logits after ids, with a source if there is one, by a pass over all of
// them.
func (g *Generator) whole(t testing.TB, ids []int, source ...int) []float32 {
	t.Helper()
	p, err := models.Score(g.Model, g.Weights, graph.Frame{B: 1, T: len(ids), S: len(source)}, "logits")
	require.NoError(t, err)
	require.NoError(t, p.Run(graph.Feed{Tokens: ids, Source: source}))
	l := p.Value("logits")
	return l[len(l)-g.Tokenizer.Vocab():]
}

// Cached decoding takes the tokens that forward passes over the whole text would, also past the context: then
// a sequence holds what the overflow left of it. The sequences begin differently, so that
// one is full before the other; their sources stay.
func TestGenerateEqualsWholePasses(t *testing.T) {
	sizes := models.Sizes{Context: 12}
	for name, m := range map[string]models.Model{
		"gpt":                            &models.GPT{Sizes: sizes, Layers: 2, Heads: 2, Dim: 8, Activation: "gelu", Bias: true},
		"llama":                          &models.Llama{Sizes: sizes, Layers: 2, Heads: 4, KVHeads: 2, Dim: 8, Hidden: 10, RotaryBase: 100},
		"encoder":                        &models.Encoder{Sizes: sizes, MaxLen: 12, Layers: 2, Heads: 2, Dim: 8, Hidden: 10, Activation: "relu", Causal: true},
		"transformer":                    &models.Transformer{Sizes: sizes, Source: 5, Layers: 2, Heads: 2, Dim: 8, Hidden: 10, Activation: "gelu"},
		"transformer, learned positions": &models.Transformer{Sizes: sizes, Source: 5, Layers: 1, Heads: 2, Dim: 8, Activation: "gelu", PreNorm: true, Learned: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := generatorOf(t, m)
			prompts := []Prompt{g.prompt(t, "abc春"), g.prompt(t, "hgfedcb")}
			if models.SourceOf(m) > 0 {
				prompts[0].Source, prompts[1].Source = []int{1, 2, 3, 4, 5}, []int{7, 7, 2}
			}
			checkWhole(t, g, prompts)
			checkWhole(t, g, prompts[:1])
		})
	}
}

// checkWhole generates far past the context, and takes every step again by a forward pass.
func checkWhole(t *testing.T, g *Generator, prompts []Prompt) {
	room := g.Model.Common().Context
	results, err := g.Each(context.Background(), prompts, Settings{Tokens: 40, Temperature: 1, Seed: 3}, nil)
	require.NoError(t, err)
	for i, p := range prompts {
		seen := slices.Clone(p.Tokens)
		require.Len(t, results[i].Tokens, 40)
		for at, id := range results[i].Tokens {
			l := g.whole(t, seen, p.Source...)
			require.InDelta(t, l[id]-vec.LogSumExp(l), results[i].Logprobs[at], 1e-4, "sequence %d, token %d", i, at)
			if len(seen) == room {
				seen = slices.Clone(seen[room/2:]) // the last half is read again
			}
			seen = append(seen, id)
		}
		assert.Equal(t, "length", results[i].FinishReason)
	}
}

// At temperature 0 the most likely token of a forward pass is taken.
func TestGreedyTakesTheMostLikely(t *testing.T) {
	g := newGenerator(t, 12)
	p := g.prompt(t, "abc春")
	results, err := g.Generate(context.Background(), p, Settings{Tokens: 8}, 1, nil)
	require.NoError(t, err)
	seen := slices.Clone(p.Tokens)
	for i, id := range results[0].Tokens {
		require.Equal(t, argmax(g.whole(t, seen)), id, "token %d", i)
		seen = append(seen, id)
	}
}

// Continuations side by side are those made alone, past the context too.
func TestSequencesDoNotDisturbEachOther(t *testing.T) {
	g := newGenerator(t, 12)
	s := Settings{Tokens: 40, Temperature: 1, Seed: 3, Stop: []string{"秋", "ab"}}
	together, err := g.Generate(context.Background(), g.prompt(t, "abcdefg"), s, 4, nil)
	require.NoError(t, err)
	texts := map[string]bool{}
	for i, r := range together {
		c := g.newContinuation(g.prompt(t, "abcdefg"), s, i, nil)
		_, err := g.decode(context.Background(), []*continuation{c}, s)
		require.NoError(t, err)
		alone := c.finish()
		assert.Equal(t, alone.Tokens, r.Tokens, "continuation %d", i)
		assert.Equal(t, alone.Text, r.Text)
		texts[r.Text] = true
	}
	assert.Greater(t, len(texts), 1, "the continuations differ from each other")
	again, err := g.Generate(context.Background(), g.prompt(t, "abcdefg"), s, 4, nil)
	require.NoError(t, err)
	assert.Equal(t, together, again, "the same seed gives the same texts")
}

func TestFinish(t *testing.T) {
	g := newGenerator(t, 12)
	free, err := g.Generate(context.Background(), g.prompt(t, "a"), Settings{Tokens: 30, Temperature: 1, Seed: 2}, 1, nil)
	require.NoError(t, err)
	text := []rune(free[0].Text)
	stop := string(text[10:12])
	var streamed strings.Builder
	r, err := g.Generate(context.Background(), g.prompt(t, "a"), Settings{Tokens: 30, Temperature: 1, Seed: 2, Stop: []string{stop}}, 1,
		func(_ int, piece string) { streamed.WriteString(piece) })
	require.NoError(t, err)
	assert.Equal(t, "stop", r[0].FinishReason)
	before, _, found := strings.Cut(free[0].Text, stop)
	require.True(t, found)
	assert.Equal(t, before, r[0].Text)
	assert.Equal(t, r[0].Text, streamed.String())

	g.End = []int{free[0].Tokens[5]}
	r, err = g.Generate(context.Background(), g.prompt(t, "a"), Settings{Tokens: 30, Temperature: 1, Seed: 2}, 1, nil)
	require.NoError(t, err)
	assert.Equal(t, "end", r[0].FinishReason)
	assert.NotContains(t, r[0].Tokens, g.End[0])
	r, err = g.Generate(context.Background(), g.prompt(t, "a"), Settings{Tokens: 30, MinTokens: 20, Temperature: 1, Seed: 2}, 1, nil)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(r[0].Tokens), 20)
}

func TestGenerateStopsWhenToldTo(t *testing.T) {
	g := newGenerator(t, 12)
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	r, err := g.Generate(ctx, g.prompt(t, "a"), Settings{Tokens: 1000}, 1, func(int, string) {
		if n++; n == 7 {
			cancel()
		}
	})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Len(t, r[0].Tokens, 7)
	_, err = Plain(g.Tokenizer, "aXb")
	assert.ErrorContains(t, err, `character "X" (U+0058) at byte offset 1`)
}

// A score that is interrupted is that of the beginning of the text.
func TestInterruptedScore(t *testing.T) {
	g := newGenerator(t, 12)
	text := strings.Repeat("abc春夏hg\nfed冬", 50)
	ctx, cancel := context.WithCancel(context.Background())
	read := 0
	got, err := g.Score(ctx, text, 12, func(done, total int) {
		assert.Equal(t, 599, total)
		read = done
		cancel()
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 16*12, read, "a run of 16 windows")
	want, err := g.Score(context.Background(), string([]rune(text)[:16*12+1]), 12, nil)
	require.NoError(t, err)
	want.Partial = true
	assert.Equal(t, want, got)
	got, err = g.Score(ctx, text, 12, nil)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, got)
}

// A score is the mean of the losses of forward passes over each token's window.
func TestScore(t *testing.T) {
	g := newGenerator(t, 12)
	text := strings.Repeat("abc春夏hg\nfed冬", 5)
	ids, err := g.Tokenizer.Encode(text)
	require.NoError(t, err)
	for _, stride := range []int{0, 1, 5, 12} {
		s, err := g.Score(context.Background(), text, stride, nil)
		require.NoError(t, err)
		step := stride
		if step == 0 {
			step = 6
		}
		nll := 0.0
		for i := 1; i < len(ids); i++ { // the window that predicts token i begins at the first start that reaches it
			start := 0
			for start+12 < i {
				start += step
			}
			l := g.whole(t, ids[start:i])
			x := make([]float64, len(l))
			for j := range l {
				x[j] = float64(l[j])
			}
			nll += vec.LogSumExp(x) - x[ids[i]]
		}
		n := float64(len(ids) - 1)
		assert.InDelta(t, nll/n, s.NLLPerToken, 1e-5, "stride %d", stride)
		assert.InDelta(t, math.Exp(nll/n), s.Perplexity, 1e-3)
		assert.InDelta(t, nll/math.Ln2/float64(len(text)), s.BitsPerByte, 1e-5)
		assert.Equal(t, len(ids), s.Chars)
	}
	_, err = g.Score(context.Background(), "a", 0, nil)
	assert.ErrorContains(t, err, "to predict one takes two")
	_, err = g.Score(context.Background(), text, 13, nil)
	assert.ErrorContains(t, err, "stride is 13, want from 1 to the context of 12")
}

// At a reduced precision weights are read as bfloat16 or bytes, the same for every text,
// and the logarithms of probabilities are about those of a forward pass.
func TestGenerateAtReducedPrecision(t *testing.T) {
	for _, p := range []matmul.Precision{matmul.Medium, matmul.Int8} {
		t.Run(string(p), func(t *testing.T) { testReduced(t, p) })
	}
}

func testReduced(t *testing.T, precision matmul.Precision) {
	require.NoError(t, matmul.SetPrecision(precision))
	defer func() { require.NoError(t, matmul.SetPrecision(matmul.Highest)) }()
	g := newGenerator(t, 64)
	p := g.prompt(t, "abc春")
	s := Settings{Tokens: 30, Temperature: 1, Seed: 5}
	first, err := g.Generate(context.Background(), p, s, 1, nil)
	require.NoError(t, err)
	again, err := g.Generate(context.Background(), p, s, 1, nil)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	require.NoError(t, matmul.SetPrecision(matmul.Highest))
	seen := append([]int(nil), p.Tokens...)
	for i, id := range first[0].Tokens {
		l := g.whole(t, seen)
		assert.InDelta(t, float64(l[id]-vec.LogSumExp(l)), first[0].Logprobs[i], 0.2, "token %d", i)
		seen = append(seen, id)
	}
}
