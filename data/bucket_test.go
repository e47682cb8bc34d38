package data

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/task"
)

// randomSamples returns n samples of 1 to longest tokens, each equal to the index of its sample.
func randomSamples(n, longest int, source bool) []task.Sample {
	rng := rand.New(rand.NewPCG(1, 2))
	all := make([]task.Sample, n)
	for i := range all {
		all[i].Tokens = make([]int, 1+rng.IntN(longest))
		for k := range all[i].Tokens {
			all[i].Tokens[k] = i
		}
		all[i].Targets = all[i].Tokens
		if source {
			all[i].Source = make([]int, 1+rng.IntN(longest))
		}
	}
	return all
}

func TestBucketsHaveEverySampleOncePerPass(t *testing.T) {
	for _, source := range []bool{false, true} {
		all := randomSamples(100, 60, source)
		b, err := newBuckets(all, all, 8, 4, 60)
		require.NoError(t, err)
		b.shuffled, b.seed = true, 7
		assert.LessOrEqual(t, len(b.Shapes()), 4)
		var orders [2][]int
		for pass := range orders {
			seen := map[int]int{}
			var batch Batch
			for n := range b.Len() {
				require.NoError(t, b.Batch(pass*b.Len()+n, &batch))
				assert.Contains(t, b.Shapes(), Shape{batch.T, batch.S})
				assert.Equal(t, 8, batch.B)
				for seq := range 8 {
					tokens, targets := batch.sequence(seq)
					assert.Equal(t, tokens, targets)
					if tokens[0] >= 0 {
						seen[tokens[0]]++
						orders[pass] = append(orders[pass], tokens[0])
					}
				}
			}
			assert.Len(t, seen, 100)
		}
		assert.NotEqual(t, orders[0], orders[1], "every pass has an order of its own")
	}
}

func TestBucketsAreAFunctionOfSeedAndNumber(t *testing.T) {
	all := randomSamples(50, 30, false)
	batchOf := func(n int, others ...int) Batch {
		b, err := newBuckets(all, all, 4, 3, 30)
		require.NoError(t, err)
		b.shuffled, b.seed = true, 7
		var batch Batch
		for _, other := range append(others, n) {
			require.NoError(t, b.Batch(other, &batch))
		}
		return batch
	}
	for n := range 40 {
		assert.Equal(t, batchOf(n), batchOf(n, 3, 99, 0))
	}
}

// The best partition of a few samples into two shapes was found by trying all.
func TestShapesPadLeast(t *testing.T) {
	var all []task.Sample
	for _, n := range []int{8, 8, 8, 16, 16, 40, 48, 48, 64} {
		all = append(all, task.Sample{Tokens: make([]int, n)})
	}
	// {8…16},{40…64}: 5·16+4·64 = 336; {8},{16…}: 3·8+6·64 = 408; {…48},{64}: 8·48+64 = 448.
	assert.Equal(t, []Shape{{T: 16}, {T: 64}}, chooseShapes(all, 2, 64))
	assert.Equal(t, []Shape{{T: 64}}, chooseShapes(all, 1, 64))
	assert.Len(t, chooseShapes(all, 9, 64), 5, "no more shapes than distinct sizes")
}

func TestSourcesArePaddedNoFurtherThanTheLongest(t *testing.T) {
	all := []task.Sample{{Tokens: make([]int, 8), Source: make([]int, 5)}, {Tokens: make([]int, 8), Source: make([]int, 19)}}
	assert.Equal(t, []Shape{{8, 8}, {8, 19}}, chooseShapes(all, 2, 64))
}

func TestPaddingIsReported(t *testing.T) {
	all := []task.Sample{{Tokens: make([]int, 8), Source: make([]int, 4)}, {Tokens: make([]int, 4), Source: make([]int, 8), Cut: true}}
	b, err := newBuckets(all, all, 4, 1, 8)
	require.NoError(t, err)
	assert.InDelta(t, 1-24.0/64, b.Padding(), 1e-12) // 24 tokens in 4 sequences of 8 + 8
	assert.Equal(t, 1, b.Cut())
	assert.Equal(t, "2 examples in 1 batches of shapes (T, S) [{8 8}], 62.5 % padding; 1 cut to fit", b.String())
}
