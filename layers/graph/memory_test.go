package graph

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The order of copies gives each sequence what its parent held, for any parents.
func TestMoves(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		n := 1 + rng.IntN(7)
		parents, sequences, spare := make([]int, n), make([]int, n), -1
		for i := range parents {
			parents[i], sequences[i] = rng.IntN(n), i
		}
		list := moves(parents)
		for _, m := range list {
			from := spare
			if m.src >= 0 {
				from = sequences[m.src]
			}
			if m.dst < 0 {
				spare = from
			} else {
				sequences[m.dst] = from
			}
		}
		require.Equal(t, parents, sequences)
		require.LessOrEqual(t, len(list), n+n/2, "a copy for each sequence that changes, and one for each cycle")
	}
}
