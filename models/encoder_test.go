package models

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers"
)

// bidirectional is an encoder without the causal mask, on ragged lanes.
var bidirectional = testCase{name: "bidirectional encoder",
	model: &Encoder{Sizes: Sizes{testVocab, testRoom}, MaxLen: testRoom, Layers: 2, Heads: 2, Dim: 6, Hidden: 7, Activation: "gelu"}}

func TestBidirectionalEncoderGradients(t *testing.T) {
	checkGradients(t, bidirectional, nil)
	c := bidirectional
	c.model = withDropout(c.model)
	checkGradients(t, c, &layers.Noise{Seed: 5, Step: 3})
}

// Every token's logits depend on every token of its lane, and on none of another lane's.
func TestBidirectionalEncoderSeesItsLane(t *testing.T) {
	w := wide(t, bidirectional, layers.NewWeights64(1))
	p, err := Score(bidirectional.model, w, layers.Frame{B: 2, T: 3}, "logits")
	require.NoError(t, err)
	logits := func(tokens ...int) []float64 {
		require.NoError(t, p.Run(layers.Feed{Tokens: tokens}))
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
	_, err := NewMemory(bidirectional.model, layers.NewWeights(1), 1, testRoom, 0)
	assert.ErrorContains(t, err, "h0/att: it looks at tokens that are still to come, so it cannot decode one by one: make the model causal")
}
