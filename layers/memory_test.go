package layers

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The order of copies gives each lane what its parent held, for any parents.
func TestMoves(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		n := 1 + rng.IntN(7)
		parents, lanes, spare := make([]int, n), make([]int, n), -1
		for i := range parents {
			parents[i], lanes[i] = rng.IntN(n), i
		}
		list := moves(parents)
		for _, m := range list {
			from := spare
			if m.src >= 0 {
				from = lanes[m.src]
			}
			if m.dst < 0 {
				spare = from
			} else {
				lanes[m.dst] = from
			}
		}
		require.Equal(t, parents, lanes)
		require.LessOrEqual(t, len(list), n+n/2, "a copy for each lane that changes, and one for each cycle")
	}
}

func TestMemoryErrors(t *testing.T) {
	m := NewMemory(2, 9)
	_, err := Build(NewWeights(1), Frame{B: 2, T: 3, Memory: m}, func(s *Scope) {
		CausalSelfAttention(s.Sub("att"), Embedding(s.Sub("tok"), s.Tokens(), 7, 8), 2, 0)
	})
	require.NoError(t, err)
	assert.ErrorContains(t, m.Truncate(0, 1), "lane 0 has seen 0 tokens: it cannot keep 1")
	assert.ErrorContains(t, m.Reorder([]int{0}), "1 parents for 2 lanes")
	assert.ErrorContains(t, m.Reorder([]int{0, 2}), "lane 2 is not one of 2")
	assert.ErrorContains(t, m.Copy(0, NewMemory(1, 9), 0), "they are not of one model")
	assert.Equal(t, 9, m.Room())
}
