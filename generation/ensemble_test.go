package generation

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/models"
)

// An ensemble chooses by the mean of its members' probabilities, each of which has read everything again: greedy and
// with beams, with guidance too, and whatever the kinds of its members are.
func TestEnsembleAgreesWithPlainOne(t *testing.T) {
	sizes := models.Sizes{Context: 24}
	gpt := func() models.Model {
		return &models.GPT{Sizes: sizes, Layers: 1, Heads: 1, Dim: 4, Activation: "gelu"}
	}
	lstm, err := models.New("lstm")
	require.NoError(t, err)
	lstm.Common().Context = 24
	reads := func(dim int) models.Model {
		return &models.Transformer{Sizes: sizes, Source: 5, Layers: 1, Heads: 2, Dim: dim, Hidden: 10, Activation: "gelu"}
	}
	for name, members := range map[string][]*Generator{
		"networks":        {newGenerator(t, 24), generatorOf(t, gpt()), generatorOf(t, lstm)},
		"counts too":      {newGenerator(t, 24), newCounts(t)},
		"counts first":    {newCounts(t), newGenerator(t, 24)},
		"encoder–decoder": {generatorOf(t, reads(8)), generatorOf(t, reads(12))},
	} {
		for _, scale := range []float64{0, 1.5} {
			g := members[0]
			g.Ensemble, g.End = nil, []int{4}
			p := g.prompt(t, "ab")
			if models.SourceOf(g.Model) > 0 {
				p.Source = []int{7, 7, 2, 5}
			}
			follow := func(ids []int) []float64 {
				with, without := make([]float64, g.Tokenizer.Vocab()), make([]float64, g.Tokenizer.Vocab())
				for _, m := range members {
					s := subject{g: m, p: p}
					for id, l := range s.follow(t, ids) {
						with[id] += math.Exp(l) / float64(len(members))
					}
					s.p = p.withoutText()
					for id, l := range s.follow(t, ids) {
						without[id] += math.Exp(l) / float64(len(members))
					}
				}
				mixed := make([]float32, len(with))
				for id := range mixed {
					mixed[id] = float32(math.Log(with[id]))
					if scale != 0 {
						mixed[id] = float32(math.Log(without[id]) + scale*(math.Log(with[id])-math.Log(without[id])))
					}
				}
				return normal(mixed)
			}
			var want []int
			var logprobs []float64
			for len(want) < 10 {
				l := follow(want)
				next := byProbability(l)[0]
				if slices.Contains(g.End, next) {
					break
				}
				want, logprobs = append(want, next), append(logprobs, l[next])
			}
			g.Ensemble = members[1:]
			rs, err := g.Generate(context.Background(), p, Settings{Tokens: 10, Guidance: scale}, 2, nil)
			require.NoError(t, err)
			for _, r := range rs {
				assert.Equal(t, append([]int{}, want...), r.Tokens, "%s, scale %v", name, scale)
				assert.InDeltaSlice(t, logprobs, r.Logprobs, 1e-4, "%s, scale %v", name, scale)
			}
			beams, err := g.Generate(context.Background(), p, Settings{Tokens: 10, Beams: 3, LengthPenalty: 1, Guidance: scale}, 1, nil)
			require.NoError(t, err)
			sum := func(ids []int, end bool) (sum float64) {
				if end {
					ids = append(slices.Clone(ids), g.End[0])
				}
				for i, id := range ids {
					sum += follow(ids[:i])[id]
				}
				return sum / float64(len(ids))
			}
			assert.GreaterOrEqual(t, sum(beams[0].Tokens, beams[0].FinishReason == ReasonEnd), sum(want, len(want) < 10)-1e-5, "%s, scale %v: beams find no less than greedy decoding", name, scale)
		}
	}
}

// Tokens of an ensemble are guessed as those of one model are.
func TestEnsembleWithGuesses(t *testing.T) {
	g := newGenerator(t, 24)
	g.Ensemble = []*Generator{generatorOf(t, &models.GPT{Sizes: models.Sizes{Context: 16}, Layers: 1, Heads: 1, Dim: 4, Activation: "gelu"})}
	p := g.prompt(t, "abc春abc")
	s := Settings{Tokens: 8}
	want, err := g.Generate(context.Background(), p, s, 1, nil)
	require.NoError(t, err)
	for name, how := range speculations(t, g) {
		g.Speculation = how
		rs, err := g.Generate(context.Background(), p, s, 2, nil)
		require.NoError(t, err)
		for _, r := range rs {
			assert.Equal(t, want[0].Tokens, r.Tokens, name)
		}
	}
	lstm, err := models.New("lstm")
	require.NoError(t, err)
	lstm.Common().Context = 24
	g.Ensemble, g.Speculation = []*Generator{generatorOf(t, lstm)}, &Speculation{}
	_, err = g.Generate(context.Background(), p, s, 1, nil)
	assert.ErrorContains(t, err, "recurrent")
}

// Models with other tokens or sources are no members.
func TestEnsembleErrors(t *testing.T) {
	g := newGenerator(t, 24)
	other := generatorOf(t, &models.Transformer{Sizes: models.Sizes{Context: 24}, Source: 5, Layers: 1, Heads: 2, Dim: 8, Hidden: 10, Activation: "gelu"})
	g.Ensemble = []*Generator{other}
	_, err := g.Generate(context.Background(), g.prompt(t, "ab"), Settings{Tokens: 3}, 1, nil)
	assert.ErrorContains(t, err, "reads sources of 5 tokens, and the model of 0")
	other.Model = &models.GPT{Sizes: models.Sizes{Context: 24, Vocab: 3}}
	_, err = g.Generate(context.Background(), g.prompt(t, "ab"), Settings{Tokens: 3}, 1, nil)
	assert.ErrorContains(t, err, "has a vocabulary of 3 tokens")
}
