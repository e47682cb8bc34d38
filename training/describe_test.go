package training

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data"
	"euryale/internal/kernel/matmul"
	"euryale/models"
)

// same deals one batch over and over.
type same struct{ batch data.Batch }

func (s same) Batch(_ int, b *data.Batch) error { *b = s.batch; return nil }
func (s same) Len() int                         { return 1 }

// nanoGPT's configuration for a CPU, counted by hand: V = 65, D = 128, 4 blocks, T = 64,
// B = 12. A multiplication with its addition is two operations.
func TestCostByHand(t *testing.T) {
	const v, d, blocks, context, sequences = 65, 128, 4, 64, 12
	const (
		block      = (d+1)*3*d + (d+1)*d + (d+1)*4*d + (4*d+1)*d + 2*2*d // qkv, proj, in, out, two norms
		parameters = v*d + context*d + blocks*block + 2*d
		products   = 2 * d * (3*d + d + 4*d + 4*d) // of a block and token
		attention  = 2 * 2 * d * (context + 1) / 2 // q·kᵀ and weights·v, over the mean of 1 … T keys
		forward    = blocks*(products+attention) + 2*d*v
	)
	// The backward pass wants, of each token: what goes into every product, norm and
	// activation of a block, the stream itself, and the logits.
	const kept = 4 * sequences * context * (d*(1+blocks*(1+3+1+1+1+4+4)+1) + v)
	for _, shards := range []int{1, 2, 5} {
		c := Default()
		m, err := models.New("gpt")
		require.NoError(t, err)
		m.Common().Vocab = v
		c.Model, c.Training.Batch, c.Training.Shards = m, sequences, shards
		ids := make([]int, sequences*context)
		r, err := NewOn(c, same{data.Batch{B: sequences, T: context, Tokens: ids, Targets: ids}})
		require.NoError(t, err)
		cost, err := r.Cost()
		require.NoError(t, err)
		assert.Equal(t, 809856, parameters)
		assert.Equal(t, parameters, r.Weights.Count())
		assert.Equal(t, 1656064.0, cost.Forward)
		assert.Equal(t, float64(forward), cost.Forward)
		assert.Equal(t, 3*cost.Forward, cost.Train)
		assert.Equal(t, 4*3*parameters, cost.Weights)
		assert.Greater(t, cost.Activations, kept)
		assert.Less(t, cost.Activations, 4*kept+shards*4*parameters, "as much again for sums and projections that are not stored, gradients of both, and of parameters in each shard")
		assert.InDelta(t, 1, r.ShareOfPeak(matmul.Peak()*1e9/cost.Train), 1e-9)
	}
}
