package models_test

import (
	"fmt"
	"testing"

	"euryale/layers/graph"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/models"
)

// What a model's settings say of themselves when they are wrong.
func TestTransformersCheckTheirSettings(t *testing.T) {
	sizes := models.Sizes{Vocab: testVocab, Context: 8}
	for _, c := range []struct {
		model models.Model
		want  string
	}{
		{&models.GPT{Sizes: sizes, Heads: 2, Dim: 6}, "layers = 0, heads = 2, dim = 6, want at least 1"},
		{&models.GPT{Sizes: sizes, Layers: 1, Heads: 4, Dim: 6}, "heads = 4 does not divide dim = 6"},
		{&models.GPT{Sizes: sizes, Layers: 1, Heads: 2, Dim: 6, Dropout: 1}, "dropout = 1, want at least 0 and less than 1"},
		{&models.GPT{Layers: 1, Heads: 2, Dim: 6}, "vocab = 0 and context = 0, want at least 1"},
		{&models.Llama{Sizes: sizes, Layers: 1, Heads: 4, KVHeads: 3, Dim: 8, RotaryBase: 10}, "kv_heads = 3 does not divide heads = 4"},
		{&models.Llama{Sizes: sizes, Layers: 1, Heads: 2, Dim: 6, RotaryBase: 10}, "heads of 3 columns: rotary positions rotate pairs of columns"},
		{&models.Llama{Sizes: sizes, Layers: 1, Heads: 2, Dim: 8, RotaryBase: 1}, "rotary_base = 1, want more than 1"},
		{&models.Llama{Sizes: sizes, Layers: 1, Heads: 2, Dim: 8, HeadDim: 3, RotaryBase: 10}, "heads of 3 columns"},
		{&models.Llama{Sizes: sizes, Layers: 1, Heads: 2, Dim: 8, HeadDim: -2, RotaryBase: 10}, "head_dim = -2, want 0 (dim/heads) or more"},
		{&models.Llama{Sizes: sizes, Layers: 1, Heads: 2, Dim: 8, NormEpsilon: -1, RotaryBase: 10}, "norm_epsilon = -1, want 0 (1e-5) or more"},
		{&models.Llama{Sizes: sizes, Layers: 1, Heads: 2, Dim: 8, RotaryFactor: 0.5, RotaryBase: 10}, "the factor of rotary scaling is 0.5, want at least 1"},
		{&models.Llama{Sizes: sizes, Layers: 1, Heads: 2, Dim: 8, RotaryContext: 9, RotaryBase: 10}, "rotary scaling has a context of 9, low = 0 and high = 0, but no factor"},
		{&models.Llama{Sizes: sizes, Layers: 1, Heads: 2, Dim: 8, RotaryFactor: 2, RotaryContext: 9, RotaryBase: 10}, "want 0 < low < high with a context"},
		{&models.Transformer{Sizes: sizes, Layers: 1, Heads: 2, Dim: 6}, "source_context = 0, want at least 1"},
		{&models.Transformer{Sizes: sizes, Source: 5, Layers: 1, Heads: 2, Dim: 6, Hidden: -1}, "hidden = -1, want 0 (the default width) or more"},
		{&models.Encoder{Sizes: sizes, Layers: 1, Heads: 2, Dim: 6, MaxLen: 7}, "max_len = 7 is less than context = 8"},
	} {
		t.Run(fmt.Sprintf("%T: %s", c.model, c.want), func(t *testing.T) {
			assert.ErrorContains(t, c.model.Check(), c.want)
		})
	}
}

// A source longer than the model reads is refused when the graph is built.
func TestSourceLongerThanTheModelReads(t *testing.T) {
	c, err := models.New("transformer")
	require.NoError(t, err)
	c.Common().Vocab = testVocab
	_, err = models.Score(c, graph.NewWeights(1), graph.Frame{B: 1, T: 2, S: 65})
	assert.ErrorContains(t, err, "enc/pos: T=65 tokens exceed the context length of 64")
}
