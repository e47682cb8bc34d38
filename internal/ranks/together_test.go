package ranks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
	"euryale/internal/ranks/rankstest"
)

// The work of one rank fails while that of another goes on until its context ends: all have the error.
func TestTogether(t *testing.T) {
	broken := errors.New("broken")
	require.NoError(t, rankstest.Run(3, func(g ranks.Group) error {
		worked := false
		if err := ranks.Together(context.Background(), g, func(context.Context) error { worked = true; return nil }); err != nil || !worked {
			return fmt.Errorf("worked: %v, %w", worked, err)
		}
		work := []func(ctx context.Context) error{
			nil,
			func(context.Context) error { return broken },
			func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		}
		err := ranks.Together(context.Background(), g, work[g.Rank()])
		if err == nil || err.Error() != "rank 1 of 3: broken" || errors.Is(err, broken) != (g.Rank() == 1) {
			return fmt.Errorf("got %v", err)
		}
		if again := ranks.Agree(g, err); again != err {
			return fmt.Errorf("got %v, which was agreed on", again)
		}
		return nil
	}))
}

// The context of one rank ends the work of all.
func TestTogetherEnds(t *testing.T) {
	require.NoError(t, rankstest.Run(2, func(g ranks.Group) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		err := ranks.Together(ctx, g, func(inner context.Context) error {
			if g.Rank() == 1 {
				cancel()
			}
			<-inner.Done()
			return inner.Err()
		})
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("got %v", err)
		}
		return nil
	}))
}

// Each item is done once; all ranks hear of it in the same order, and of how far the others are.
func TestShare(t *testing.T) {
	for _, n := range []int{1, 3} {
		var mu sync.Mutex
		var done []int
		orders, by := make([][]int, n), map[int]bool{}
		require.NoError(t, rankstest.Run(n, func(g ranks.Group) error {
			return ranks.Share(context.Background(), g, ranks.Work{Items: 12, Side: 2,
				Do: func(_ context.Context, i int) []byte {
					time.Sleep(3 * time.Millisecond)
					mu.Lock()
					done, by[g.Rank()] = append(done, i), true
					mu.Unlock()
					return []byte{byte(i), byte(g.Rank())}
				},
				Done: func(i int, result []byte) error {
					if int(result[0]) != i {
						return fmt.Errorf("item %d has the result %v", i, result)
					}
					orders[g.Rank()] = append(orders[g.Rank()], i)
					return nil
				},
				Status: func() string { return fmt.Sprint(g.Rank()) },
				Watch: func(status []string) {
					if len(status) != n || status[n-1] != fmt.Sprint(n-1) {
						panic(status)
					}
				},
			})
		}))
		slices.Sort(done)
		assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, done)
		assert.Len(t, by, n, "all ranks have worked")
		for _, order := range orders {
			assert.Len(t, order, 12)
			assert.Equal(t, orders[0], order)
		}
	}
}

// An error on one rank ends the work of all; so does a context, which those at work see.
func TestShareEnds(t *testing.T) {
	begun := make([]int, 2)
	require.NoError(t, rankstest.Run(2, func(g ranks.Group) error {
		err := ranks.Share(context.Background(), g, ranks.Work{Items: 1000, Side: 1,
			Do: func(context.Context, int) []byte { begun[g.Rank()]++; return nil },
			Done: func(i int, _ []byte) error {
				if g.Rank() == 0 {
					return errors.New("disk full")
				}
				return nil
			}})
		if err == nil || err.Error() != "rank 0 of 2: disk full" {
			return fmt.Errorf("got %v", err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		err = ranks.Share(ctx, g, ranks.Work{Items: 1000, Side: 1, Done: func(int, []byte) error { return nil },
			Do: func(inner context.Context, i int) []byte {
				if i == 1 { // of rank 1
					cancel()
				}
				<-inner.Done()
				return nil
			}})
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("got %v", err)
		}
		return nil
	}))
	assert.Equal(t, []int{1, 1}, begun)
}

// Ranks must have all traits alike.
func TestCheckSame(t *testing.T) {
	for _, test := range []struct {
		of1, want string
	}{
		{"ab", ""},
		{"cd", "rank 1 of 2: the data is cd, and that of rank 0 is ab: give all ranks the same"},
		{"", "rank 1 of 2: its configuration has other keys than that of rank 0: give all ranks the same program and configuration"},
	} {
		require.NoError(t, rankstest.Run(2, func(g ranks.Group) error {
			traits := ranks.ProgramTraits()
			switch {
			case g.Rank() == 0:
				traits = append(traits, ranks.Trait{Name: "the data", Value: "ab"})
			case test.of1 != "":
				traits = append(traits, ranks.Trait{Name: "the data", Value: test.of1})
			}
			err := ranks.CheckSame(g, traits)
			if (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
				return fmt.Errorf("got %v, want %s", err, test.want)
			}
			return nil
		}))
	}
}
