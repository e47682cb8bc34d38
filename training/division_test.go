package training

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"euryale/layers/graph"
)

// Each block is in one round and of one rank; the last parameters come first; each rank has its share of
// all values, and of each round, within two blocks.
func TestDivision(t *testing.T) {
	params := []*graph.Param{{Path: "table", Shape: []int{300, 1000}}, {Path: "b", Shape: []int{7}}, {Path: "w", Shape: []int{400, 1000}}, {Path: "c", Shape: []int{1}}}
	for _, size := range []int{1, 2, 3, 7, 40} {
		what := fmt.Sprintf("%d ranks", size)
		d := divide(params, size, blockSize)
		values, end := make([]int, size), len(d.blocks)
		for _, spans := range d.rounds {
			round, begin := make([]int, size), spans[0].from
			for r, s := range spans {
				assert.Equal(t, begin, s.from, what)
				for i := s.from; i < s.to; i++ {
					assert.Equal(t, [2]int{r, round[r]}, [2]int{d.rank[i], d.at[i]}, what)
					round[r] += d.blocks[i].size()
				}
				assert.Equal(t, s.values, round[r], what)
				assert.LessOrEqual(t, round[r], 3*blockSize, what)
				values[r] += round[r]
				begin = s.to
			}
			assert.Equal(t, end, begin, what)
			end = spans[0].from
		}
		assert.Zero(t, end, what)
		slots := map[int]bool{}
		for r := range size {
			assert.InDelta(t, 700_008/size, values[r], 2*blockSize, what)
			for _, p := range d.pieces(r) {
				assert.Zero(t, p.from%blockSize, "%s: pieces begin where blocks do", what)
				values[r] -= p.to - p.from
			}
			assert.Zero(t, values[r], what)
		}
		for _, slot := range d.slot {
			slots[slot] = true
		}
		assert.Len(t, slots, len(d.blocks), what)
	}
}
