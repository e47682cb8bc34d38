package training

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An encoder without the causal mask trains, but writes no samples.
func TestBidirectionalEncoderTrainsWithoutSamples(t *testing.T) {
	c := tiny(t, "model.name=encoder", "model.causal=false", "model.hidden=32", "training.steps=4", "training.sample=0")
	r := begin(t, c, t.TempDir())
	require.NoError(t, r.Train(context.Background()))
	text, err := r.Sample()
	require.NoError(t, err)
	assert.Empty(t, text)
	r.Config.Training.Sample = 5
	_, err = r.Sample()
	assert.ErrorContains(t, err, "cannot decode one by one: make the model causal (training.sample = 0 trains without samples)")
	require.NoError(t, r.Close())
}
