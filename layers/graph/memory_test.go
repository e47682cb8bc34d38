package graph

import (
	"math/rand/v2"
	"testing"

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
