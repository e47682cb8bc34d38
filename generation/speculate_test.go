package generation

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/models"
)

// speculations are the ways to guess the tokens of a model with the random weights of newGenerator: by a
// smaller model, by one that nearly agrees, by counts, and by lookup.
func speculations(t testing.TB, g *Generator) map[string]*Speculation {
	t.Helper()
	small := generatorOf(t, &models.GPT{Sizes: models.Sizes{Context: 20}, Layers: 1, Heads: 1, Dim: 4, Activation: "gelu"})
	near := generatorOf(t, &models.GPT{Sizes: models.Sizes{Context: g.Model.Common().Context}, Layers: 2, Heads: 2, Dim: 8, Activation: "gelu", Bias: true})
	for _, p := range near.Weights.All() {
		for i := range p.Float32() {
			p.Float32()[i] *= 0.9
		}
	}
	return map[string]*Speculation{
		"a smaller draft": {Draft: small, Tokens: 3},
		"a near draft":    {Draft: near},
		"counts":          {Draft: newCounts(t), Tokens: 2},
		"lookup":          {Tokens: 5},
	}
}

// Guessed or not, samples have one distribution: that of the model after the processors, which is
// enumerated. With 4000 samples of five tokens a χ² test at 0.1 % tells a bias of a few percent.
func TestSpeculationIsExactInDistribution(t *testing.T) {
	g := newGenerator(t, 24)
	p := g.prompt(t, "abc春abc")
	s := Settings{Tokens: 5, Temperature: 1.2, TopK: 3}
	want := enumerated(t, g.reading(t), p, s)
	for name, how := range speculations(t, g) {
		t.Run(name, func(t *testing.T) { checkGuessed(t, g, how, p, s, want) })
	}
}

// reading returns a function that returns the logits after a text, by whole passes of the model, each once.
func (g *Generator) reading(t *testing.T) func(seen []int) []float32 {
	known := map[string][]float32{}
	return func(seen []int) []float32 {
		text := fmt.Sprint(seen)
		if known[text] == nil {
			known[text] = g.whole(t, seen)
		}
		return known[text]
	}
}

// enumerated returns the probability of each continuation of s.Tokens tokens, by the processors over the
// logits that read returns.
func enumerated(t *testing.T, read func(seen []int) []float32, p Prompt, s Settings) map[string]float64 {
	t.Helper()
	want := map[string]float64{}
	var follow func(ids []int, probability float64)
	follow = func(ids []int, probability float64) {
		if len(ids) == s.Tokens {
			want[fmt.Sprint(ids)] = probability
			return
		}
		d := newSampler(s, p, nil, 0)
		seen := slices.Concat(p.Tokens, ids)
		require.NoError(t, d.process(read(seen), seen))
		for id, q := range slices.Clone(d.c.Probabilities()) {
			if q > 0 {
				follow(append(slices.Clone(ids), id), probability*float64(q))
			}
		}
	}
	follow(nil, 1)
	return want
}

// checkGuessed compares 4000 guessed samples with the probabilities of all texts.
func checkGuessed(t *testing.T, g *Generator, how *Speculation, p Prompt, s Settings, want map[string]float64) {
	t.Helper()
	g.Speculation = how
	defer func() { g.Speculation = nil }()
	const n = 4000
	counts, index := map[string]int{}, 0
	guessed, accepted := 0, 0
	next := func() (Prompt, int, error) {
		if index == n {
			return Prompt{}, 0, io.EOF
		}
		index++
		return p, index, nil
	}
	require.NoError(t, g.Batch(context.Background(), 50, s, next, func(r Result) error {
		counts[fmt.Sprint(r.Tokens)]++
		guessed, accepted = guessed+r.Speculation.Guessed, accepted+r.Speculation.Accepted
		return nil
	}))
	t.Logf("%d of %d guesses accepted", accepted, guessed)
	assert.Positive(t, accepted)
	assert.Less(t, accepted, guessed)
	checkChiSquare(t, want, counts, n)
}

// checkChiSquare compares counts of n samples with probabilities (Pearson's test). Cells that expect fewer
// than five samples are added up.
func checkChiSquare(t *testing.T, want map[string]float64, counts map[string]int, n int) {
	t.Helper()
	chi, cells, restWant, restCount, all := 0.0, 0, 0.0, 0.0, 0
	for key, p := range want {
		all += counts[key]
		expected := p * float64(n)
		if expected < 5 {
			restWant, restCount = restWant+expected, restCount+float64(counts[key])
			continue
		}
		chi += math.Pow(float64(counts[key])-expected, 2) / expected
		cells++
	}
	if restWant > 0 {
		chi += math.Pow(restCount-restWant, 2) / restWant
		cells++
	}
	assert.Equal(t, n, all, "no sample is impossible")
	require.Greater(t, cells, 20)
	k := float64(cells - 1)
	limit := k * math.Pow(1-2/(9*k)+3.09*math.Sqrt(2/(9*k)), 3) // quantile 0.999 (Wilson and Hilferty 1931)
	assert.Less(t, chi, limit, "χ² of %d cells", cells)
}

// Greedy decoding chooses the same tokens whether they are guessed or not: alone and side by side, past
// the context, and with an end, stop texts and processors that read the text.
func TestSpeculationIsExactWhenGreedy(t *testing.T) {
	for name, m := range batchModels(t) {
		if name == "lstm" || name == "seq2seq" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			g := generatorOf(t, m)
			g.End = []int{3}
			rng := rand.New(rand.NewPCG(7, 8))
			prompts := randomPrompts(g, rng, 9)
			s := Settings{Tokens: 50, RepetitionPenalty: 1.3, MinTokens: 4, Stop: []string{"春夏"}}
			want, err := g.Each(context.Background(), prompts, s, nil)
			require.NoError(t, err)
			how := map[string]*Speculation{"itself": {Draft: generatorOf(t, m)}, "lookup": {Tokens: 7}}
			if models.SourceOf(m) == 0 {
				how = speculations(t, g)
			}
			for name, how := range how {
				g.Speculation = how
				got, err := g.Each(context.Background(), prompts, s, nil)
				require.NoError(t, err, name)
				for i := range want {
					assert.Equal(t, want[i].Tokens, got[i].Tokens, "%s, prompt %d", name, i)
					assert.Equal(t, want[i].Text, got[i].Text)
					assert.Equal(t, want[i].FinishReason, got[i].FinishReason)
					assert.InDeltaSlice(t, want[i].Logprobs, got[i].Logprobs, 1e-4)
				}
				g.Speculation = nil
			}
		})
	}
}

// A guessed text depends on seed and index alone.
func TestSpeculationDoesNotDependOnTheBatch(t *testing.T) {
	g := newGenerator(t, 24)
	prompts := randomPrompts(g, rand.New(rand.NewPCG(3, 4)), 12)
	s := Settings{Tokens: 40, Temperature: 1, TopP: 0.9, Seed: 5}
	for name, how := range speculations(t, g) {
		g.Speculation = how
		var want []Result
		for _, p := range prompts {
			r, err := g.Generate(context.Background(), p, s, 1, nil)
			require.NoError(t, err)
			want = append(want, r[0])
		}
		order := []int{7, 2, 0, 1, 11, 4, 3, 10, 8, 9, 5, 6}
		for at, r := range batchOf(t, g, 5, s, prompts, order) {
			assert.Equal(t, want[order[at]].Tokens, r.Tokens, "%s, prompt %d", name, order[at])
			assert.Equal(t, want[order[at]].Speculation, r.Speculation)
		}
	}
}

// What cannot be guessed is refused.
func TestSpeculationRefuses(t *testing.T) {
	lstm, err := models.New("lstm")
	require.NoError(t, err)
	recurrent, g := generatorOf(t, lstm), newGenerator(t, 24)
	wide := &models.GPT{Sizes: models.Sizes{Context: 24, Vocab: 99}, Layers: 1, Heads: 1, Dim: 4, Activation: "gelu"}
	for want, c := range map[string]struct {
		g   *Generator
		how Speculation
	}{
		"the model is recurrent":                  {recurrent, Speculation{}},
		"the draft is recurrent":                  {g, Speculation{Draft: recurrent}},
		"the draft has a vocabulary of 99 tokens": {g, Speculation{Draft: &Generator{Model: wide}}},
		"the draft reads sources of 7 tokens": {g, Speculation{Draft: generatorOf(t, &models.Transformer{Sizes: models.Sizes{Context: 24}, Source: 7,
			Layers: 1, Heads: 2, Dim: 8, Activation: "gelu"})}},
	} {
		c.g.Speculation = &c.how
		_, err := c.g.Generate(context.Background(), c.g.prompt(t, "abc"), Settings{Tokens: 5}, 1, nil)
		assert.ErrorContains(t, err, want)
		c.g.Speculation = nil
	}
}

func TestLookup(t *testing.T) {
	text := []int{1, 2, 3, 4, 5, 2, 3, 9, 1, 2, 3}
	assert.Equal(t, []int{4, 5, 2}, lookup(nil, text, 3), "after the last 1 2 3 but one")
	assert.Equal(t, []int{9, 1, 2, 3}, lookup(nil, text[1:], 8), "after 2 3, as 1 2 3 does not occur before")
	assert.Empty(t, lookup(nil, text, 0))
	assert.Empty(t, lookup(nil, []int{1, 2}, 4))
	assert.Empty(t, lookup(nil, []int{1}, 4))
}
