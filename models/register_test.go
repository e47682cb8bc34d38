package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
	"euryale/models"
)

// A name that is taken is refused with the places of both registrations.
func TestRegisterRefusesATakenName(t *testing.T) {
	defer func() {
		assert.Regexp(t, `^models: the name "gpt" is registered twice, by \S*models/gpt\.go:\d+ and \S*models/register_test\.go:\d+: give one of them another name$`, recover())
		m, err := models.New("gpt")
		require.NoError(t, err)
		assert.IsType(t, &models.GPT{}, m)
	}()
	models.Register("gpt", "a copy", func() models.Model { return &models.Llama{} })
}

// Every registered model's graph decays its parameters of rank 2 and no others, as runs did
// before a graph said which.
func TestDecayOfRegisteredModels(t *testing.T) {
	for _, e := range models.Entries() {
		m := e.New()
		if _, counts := m.(*models.NGram); counts {
			continue
		}
		m.Common().Vocab = testVocab
		params, err := models.Parameters(m)
		require.NoError(t, err, e.Name)
		assert.NotEmpty(t, params)
		for _, p := range params {
			assert.Equal(t, len(p.Shape) > 1, p.Decay, "%s: %s", e.Name, p.Path)
		}
	}
}

// Registered models and small ones of all kinds are causal, with weights as initialised;
// a bidirectional encoder is not.
func TestCheckCausal(t *testing.T) {
	for _, e := range models.Entries() {
		m := e.New()
		if _, counts := m.(*models.NGram); counts {
			continue
		}
		m.Common().Vocab = testVocab
		assert.NoError(t, models.CheckCausal(m, graph.NewWeights(1)), e.Name)
	}
	for _, c := range testCases {
		assert.NoError(t, models.CheckCausal(c.model, graph.NewWeights(1)), c.name)
	}
	assert.ErrorContains(t, models.CheckCausal(bidirectional, graph.NewWeights(1)), "changing token 3 changes the logits of token 0: the model attends to later tokens")
	one := &models.GPT{Sizes: models.Sizes{Vocab: 1, Context: 8}, Layers: 1, Heads: 1, Dim: 2, Activation: "gelu"}
	assert.NoError(t, models.CheckCausal(one, graph.NewWeights(1)))
}
