package models_test

import (
	"testing"

	"euryale/layers/graph"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/models"
)

// The weights of cross-attention can be read in scoring and in decoding: the
// same weights, which add up to one over the source and are zero on its padding.
func TestCrossAttentionWeightsAreReadable(t *testing.T) {
	m := &models.Transformer{Sizes: testSizes, Source: testSource, Layers: 2, Heads: 2, Dim: 6, Activation: "relu"}
	const tap = "dec/h1/cross/weights" // (B·T, H·S)
	w := spread(t, m, graph.NewWeights64(1))
	source, tokens := []int{4, 5, 6, -1, -1}, []int{1, 2, 3}
	whole, err := models.Score(m, w, graph.Frame{B: 1, T: 3, S: testSource}, tap)
	require.NoError(t, err)
	require.NoError(t, whole.Run(graph.Feed{Tokens: tokens, Source: source}))
	weights := whole.Float64s(tap)
	require.Equal(t, []int{3, 2 * testSource}, whole.Shape(tap))
	for i := 0; i < len(weights); i += testSource {
		assert.InDelta(t, 1, weights[i]+weights[i+1]+weights[i+2], 1e-12)
		assert.Equal(t, []float64{0, 0}, weights[i+3:i+5])
	}
	mem, err := models.NewMemory(m, w, 1, testRoom, testSource)
	require.NoError(t, err)
	encode, err := models.Encode(m, w, graph.Frame{B: 1, S: testSource, Memory: mem})
	require.NoError(t, err)
	require.NoError(t, encode.Run(graph.Feed{Source: source}))
	step, err := models.Decode(m, w, graph.Frame{B: 1, T: 1, S: testSource, Memory: mem}, tap)
	require.NoError(t, err)
	for i, id := range tokens {
		require.NoError(t, step.Run(graph.Feed{Tokens: []int{id}}))
		assert.InDeltaSlice(t, weights[i*2*testSource:(i+1)*2*testSource], step.Float64s(tap), 1e-12)
	}
}
