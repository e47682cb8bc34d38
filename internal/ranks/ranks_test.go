package ranks_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
	"euryale/internal/ranks/rankstest"
)

func TestEnds(t *testing.T) {
	assert.Equal(t, []int{3, 6, 10}, ranks.Ends(10, 3))
	from, to := ranks.Part([]int{3, 6, 10}, 2)
	assert.Equal(t, [2]int{6, 10}, [2]int{from, to})
	from, to = ranks.Part([]int{3, 6, 10}, 0)
	assert.Equal(t, [2]int{0, 3}, [2]int{from, to})
}

// Every rank receives the error of the lowest that has one; it unwraps where it happened.
func TestAgree(t *testing.T) {
	cause := errors.New("no space left")
	for _, n := range []int{1, 2, 3} {
		require.NoError(t, rankstest.Run(n, func(g ranks.Group) error {
			if err := ranks.Agree(g, nil); err != nil {
				return err
			}
			var mine error
			if g.Rank() == n-1 {
				mine = cause
			}
			err := ranks.Agree(g, mine)
			want := fmt.Sprintf("rank %d of %d: no space left", n-1, n)
			if n == 1 {
				want = "no space left"
			}
			if err == nil || err.Error() != want || (g.Rank() == n-1) != errors.Is(err, cause) {
				return fmt.Errorf("got %v, want %s", err, want)
			}
			return nil
		}))
	}
}

func TestGather(t *testing.T) {
	for _, n := range []int{1, 4} {
		require.NoError(t, rankstest.Run(n, func(g ranks.Group) error {
			all, err := ranks.Gather(g, []byte("abcdef")[:g.Rank()])
			for r := range all {
				if string(all[r]) != "abcdef"[:r] {
					return fmt.Errorf("of rank %d: %q", r, all[r])
				}
			}
			return err
		}))
	}
}

func TestAlone(t *testing.T) {
	var g ranks.Group = ranks.Alone{}
	x, y := []float32{1, 2}, make([]float32, 2)
	require.NoError(t, ranks.AllToAll(g, [][]float32{x}, [][]float32{y}))
	assert.Equal(t, x, y)
	require.ErrorContains(t, ranks.AllToAll(g, [][]float32{x}, [][]float32{y[:1]}), "sends itself 8 bytes and receives 4")
	require.ErrorContains(t, ranks.AllGather(g, x, []int{3}), "the part of rank 0 ends at byte 12, want 0 to 8")
}
