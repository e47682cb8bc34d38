package generation

import (
	"context"
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
		g := members[0]
		g.Ensemble, g.End = members[1:], []int{4}
		sub := subject{g: g, p: g.prompt(t, "ab")}
		if models.SourceOf(g.Model) > 0 {
			sub.p.Source = []int{7, 7, 2, 5}
		}
		for _, sub.scale = range []float64{0, 1.5} {
			checkPlain(t, name, sub)
		}
	}
}

// Tokens of an ensemble are guessed as those of one model are.
func TestEnsembleWithGuesses(t *testing.T) {
	g := newGenerator(t, 24)
	g.Ensemble = []*Generator{generatorOf(t, &models.GPT{Sizes: models.Sizes{Context: 16}, Layers: 1, Heads: 1, Dim: 4, Activation: "gelu"})}
	checkGuesses(t, g, Settings{Tokens: 8})
	lstm, err := models.New("lstm")
	require.NoError(t, err)
	lstm.Common().Context = 24
	g.Ensemble, g.Speculation = []*Generator{generatorOf(t, lstm)}, &Speculation{}
	_, err = g.Generate(context.Background(), g.prompt(t, "ab"), Settings{Tokens: 8}, 1, nil)
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
