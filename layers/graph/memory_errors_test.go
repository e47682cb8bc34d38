package graph_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers"
	"euryale/layers/graph"
)

func TestMemoryErrors(t *testing.T) {
	m := graph.NewMemory(2, 9)
	_, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 2, T: 3, Memory: m}, func(s *graph.Scope) {
		layers.CausalSelfAttention(s.Sub("att"), layers.Embedding(s.Sub("tok"), s.Tokens(), 7, 8), 2, 0)
	})
	require.NoError(t, err)
	assert.ErrorContains(t, m.Truncate(0, 1), "sequence 0 has 0 tokens: it cannot be truncated to 1")
	assert.ErrorContains(t, m.Reorder([]int{0}), "1 parents for 2 sequences")
	assert.ErrorContains(t, m.Reorder([]int{0, 2}), "there is no sequence 2 of 2")
	assert.ErrorContains(t, m.Copy(0, graph.NewMemory(1, 9), 0), "they belong to different models")
	assert.Equal(t, 9, m.Capacity())
}
