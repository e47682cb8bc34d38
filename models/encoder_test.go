package models

import (
	"testing"

	"euryale/layers/graph"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bidirectional is an encoder without the causal mask, on ragged lanes.
var bidirectional = testCase{name: "bidirectional encoder",
	model: &Encoder{Sizes: Sizes{testVocab, testRoom}, MaxLen: testRoom, Layers: 2, Heads: 2, Dim: 6, Hidden: 7, Activation: "gelu"}}

func TestBidirectionalEncoderGradients(t *testing.T) {
	checkGradients(t, bidirectional, nil)
	c := bidirectional
	c.model = withDropout(c.model)
	checkGradients(t, c, &graph.Noise{Seed: 5, Step: 3})
}

// Every token's logits depend on every token of its lane, and on none of another lane's.
func TestBidirectionalEncoderSeesItsLane(t *testing.T) {
	w := wide(t, bidirectional, graph.NewWeights64(1))
	p, err := Score(bidirectional.model, w, graph.Frame{B: 2, T: 3}, "logits")
	require.NoError(t, err)
	logits := func(tokens ...int) []float64 {
		require.NoError(t, p.Run(graph.Feed{Tokens: tokens}))
		return p.Float64s("logits")
	}
	before := logits(1, 2, 3 /**/, 4, 5, -1)
	after := logits(1, 2, 9 /**/, 4, 5, -1)
	for row := range 5 {
		a, b := before[row*testVocab:(row+1)*testVocab], after[row*testVocab:(row+1)*testVocab]
		assert.Equal(t, row >= 3, assert.ObjectsAreEqual(a, b), "row %d", row)
	}
}

func TestBidirectionalEncoderRefusesToDecode(t *testing.T) {
	_, err := NewMemory(bidirectional.model, graph.NewWeights(1), 1, testRoom, 0)
	assert.ErrorContains(t, err, "h0/att: the layer attends to tokens that are still to come, so it cannot decode token by token: make the model causal")
}
