package models_test

import (
	"testing"

	"euryale/layers/graph"

	"github.com/stretchr/testify/assert"

	"euryale/models"
)

// bidirectional is an encoder without the causal mask.
var bidirectional = &models.Encoder{Sizes: testSizes, MaxLen: testRoom, Layers: 2, Heads: 2, Dim: 6, Hidden: 7, Activation: "gelu"}

func TestBidirectionalEncoderRefusesToDecode(t *testing.T) {
	_, err := models.NewMemory(bidirectional, graph.NewWeights(1), 1, testRoom, 0)
	assert.ErrorContains(t, err, "h0/att: the layer attends to tokens that are still to come, so it cannot decode token by token: make the model causal")
}
