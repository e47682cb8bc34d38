package training

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
	"euryale/layers/graph"
	"euryale/models"
)

// Each block is in one round of gradients and one of updated values, both of one rank; the last parameters
// come first; each rank has its share of each round, and of all values, within two blocks.
func TestDivision(t *testing.T) {
	params := []*graph.Param{{Path: "table", Shape: []int{300, 1000}}, {Path: "b", Shape: []int{7}}, {Path: "w", Shape: []int{400, 1000}}, {Path: "c", Shape: []int{1}}}
	for _, size := range []int{2, 3, 7, 40} {
		what := fmt.Sprintf("%d ranks", size)
		d := divide(params, size, blockSize, 2*blockSize)
		values, end, slots := make([]int, size), len(d.blocks), map[int]bool{}
		for _, r := range d.sums.rounds {
			blocks := r.except(-1)
			assert.Equal(t, end-1, slices.Max(blocks), what)
			assert.Len(t, blocks, end-slices.Min(blocks), "%s: a range", what)
			end = slices.Min(blocks)
			assert.LessOrEqual(t, r.all(), size*blockSize)
		}
		assert.Zero(t, end, what)
		for _, s := range []schedule{d.sums, d.updates} {
			seen := map[int]bool{}
			for _, r := range s.rounds {
				for rank, list := range r.blocks {
					at := 0
					for _, b := range list {
						assert.Equal(t, [2]int{rank, at}, [2]int{d.rank[b], s.at[b]}, what)
						assert.False(t, seen[b], what)
						seen[b] = true
						at += d.blocks[b].size()
					}
					assert.Equal(t, at, r.values[rank], what)
					assert.LessOrEqual(t, at, 2*blockSize, what)
					values[rank] += at
				}
			}
			assert.Len(t, seen, len(d.blocks), what)
		}
		for rank := range size {
			assert.InDelta(t, 2*700_008/size, values[rank], 4*blockSize, what)
			for _, p := range d.pieces(rank) {
				assert.Zero(t, p.from%blockSize, "%s: pieces begin where blocks do", what)
				values[rank] -= 2 * (p.to - p.from)
			}
			assert.Zero(t, values[rank], what)
			for i, b := range d.own[rank] {
				from, _ := ranks.Part(d.ends, rank)
				assert.Equal(t, from+i, d.slot[b], what)
				slots[d.slot[b]] = true
			}
		}
		assert.Len(t, slots, len(d.blocks), what)
	}
}

// Rounds of a GPT's gradients divide well: no rank has much more than its share of what is sent.
func TestDivisionIsEven(t *testing.T) {
	m, err := models.New("gpt")
	require.NoError(t, err)
	gpt := m.(*models.GPT)
	gpt.Layers, gpt.Dim, gpt.Vocab = 4, 192, 100
	params, err := models.Parameters(m)
	require.NoError(t, err)
	for _, size := range []int{2, 4} {
		gradients, updated := roundSizes(countValues(params), size, size)
		d := divide(params, size, int(gradients), int(updated))
		for _, s := range []schedule{d.sums, d.updates} {
			slowest := 0
			for _, r := range s.rounds {
				slowest += slices.Max(r.values)
			}
			assert.Less(t, float64(slowest*size)/countValues(params), 1.15, "%d ranks, %d rounds", size, len(s.rounds))
		}
		assert.GreaterOrEqual(t, len(d.sums.rounds), manyRounds)
	}
}
