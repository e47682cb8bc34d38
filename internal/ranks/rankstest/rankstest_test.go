package rankstest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
)

func TestCollectives(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4} {
		require.NoError(t, Run(n, func(g ranks.Group) error { return Check(g, 1000) }))
	}
}

// A rank that fails ends the others, which wait for it.
func TestFailure(t *testing.T) {
	broken := errors.New("broken")
	err := Run(3, func(g ranks.Group) error {
		if g.Rank() == 1 {
			return broken
		}
		if err := g.Barrier(); !errors.Is(err, ErrAborted) {
			return fmt.Errorf("got %v", err)
		}
		return nil
	})
	require.ErrorIs(t, err, broken)
	assert.EqualError(t, err, "rank 1: broken")
}

// Ranks that call different collectives are told which.
func TestMismatch(t *testing.T) {
	err := Run(2, func(g ranks.Group) error {
		if g.Rank() == 0 {
			return g.Barrier()
		}
		return ranks.Broadcast(g, []int64{1}, 0)
	})
	require.Error(t, err)
	for _, part := range []string{"barrier", "broadcast of 8 bytes from rank 0"} {
		assert.Contains(t, err.Error(), part)
	}
	err = Run(2, func(g ranks.Group) error {
		x := make([]byte, 8)
		return g.AllToAll([][]byte{x[:1], x[1:2]}, slices.Repeat([][]byte{x[:1+g.Rank()]}, 2))
	})
	require.ErrorContains(t, err, "rank 1 sends itself 1 bytes and receives 2")
}
