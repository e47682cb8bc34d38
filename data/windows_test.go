package data

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/store"
	"euryale/data/task"
)

// counting returns the tokens 0 to n−1, so that each token equals its position.
func counting(n int) *store.IDs {
	t := store.NewIDs(n)
	ids := make([]int, n)
	for i := range ids {
		ids[i] = i
	}
	t.Append(ids)
	return t
}

func TestRandomWindowsAreAFunctionOfSeedAndNumber(t *testing.T) {
	s := span{counting(101), 0, 101}
	first, err := newRandomWindows(s, 3, 7, 5)
	require.NoError(t, err)
	second, err := newRandomWindows(s, 3, 7, 5)
	require.NoError(t, err)
	other, err := newRandomWindows(s, 3, 7, 6)
	require.NoError(t, err)
	var a, b, c Batch
	require.NoError(t, first.Batch(9, &c)) // earlier batches must not matter
	for n := range 20 {
		require.NoError(t, first.Batch(n, &a))
		require.NoError(t, second.Batch(n, &b))
		require.NoError(t, other.Batch(n, &c))
		assert.Equal(t, a, b)
		assert.NotEqual(t, a.Tokens, c.Tokens)
		for i := range a.Tokens {
			assert.Equal(t, a.Tokens[i]+1, a.Targets[i], "targets are the tokens shifted by one")
		}
	}
	assert.Zero(t, first.Len())
}

// shuffled is a permutation for every size, and differs between keys.
func TestShuffled(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 64, 1000} {
		seen, fixed := make([]bool, n), 0
		for i := range n {
			j := shuffled(i, n, 42)
			require.False(t, seen[j], "n=%d: %d comes twice", n, j)
			seen[j] = true
			if j == shuffled(i, n, 43) {
				fixed++
			}
		}
		if n >= 64 {
			assert.Less(t, fixed, n/8)
		}
	}
}

// In a pass no token is a target twice, and less than two windows are left out.
func TestRandomWindowsMakePasses(t *testing.T) {
	r, err := newRandomWindows(span{counting(1000), 0, 1000}, 3, 7, 5)
	require.NoError(t, err)
	windows := (1000 - 7) / 7
	targets := map[int]int{}
	var b Batch
	for n := range windows / 3 {
		require.NoError(t, r.Batch(n, &b))
		for _, id := range b.Targets {
			targets[id]++
			require.Equal(t, 1, targets[id])
		}
	}
	assert.Greater(t, len(targets), 1000-2*7-3*7)
}

func TestRandomWindowsReachBothEnds(t *testing.T) {
	r, err := newRandomWindows(span{counting(6), 0, 6}, 4, 4, 1) // starts 0 and 1 are possible
	require.NoError(t, err)
	starts := map[int]bool{}
	var b Batch
	for n := range 10 {
		require.NoError(t, r.Batch(n, &b))
		for seq := range 4 {
			starts[b.Tokens[seq*4]] = true
		}
	}
	assert.Equal(t, map[int]bool{0: true, 1: true}, starts)
}

func TestContinuingWindowsContinue(t *testing.T) {
	c, err := newContinuingWindows(span{counting(103), 0, 103}, 2, 5, 3)
	require.NoError(t, err)
	require.Equal(t, 10, c.Len()) // (103−1)/2 sequences/5 tokens
	var before, b Batch
	for n := range 30 {
		require.NoError(t, c.Batch(n, &b))
		fresh := n%10 == 0
		assert.Equal(t, []bool{fresh, fresh}, b.Fresh)
		for seq := range 2 {
			if !fresh {
				assert.Equal(t, before.Targets[seq*5+4], b.Tokens[seq*5])
			}
		}
		before = Batch{Targets: append([]int(nil), b.Targets...)}
	}
}

func TestEvaluationHasEveryTargetOnce(t *testing.T) {
	for _, continues := range []bool{false, true} {
		e, err := newEvaluationWindows(span{counting(50), 11, 50}, task.ValidPart, 3, 4, continues)
		require.NoError(t, err)
		require.Equal(t, 4, e.Len()) // 39 targets in windows of 4 are 10 windows: 4 batches of 3 sequences
		seen := map[int]int{}
		var b Batch
		for n := range e.Len() {
			require.NoError(t, e.Batch(n, &b))
			for i, target := range b.Targets {
				if target < 0 {
					assert.Equal(t, -1, b.Tokens[i])
					continue
				}
				assert.Equal(t, target-1, b.Tokens[i])
				seen[target]++
			}
		}
		assert.Len(t, seen, 39)
		for target, times := range seen {
			assert.Equal(t, 1, times, "target %d", target)
		}
		assert.ErrorContains(t, e.Batch(4, &b), "there are 4")
	}
}

func TestShortTextSaysWhatIsNeeded(t *testing.T) {
	_, err := newRandomWindows(span{counting(8), 0, 8}, 4, 8, 1)
	assert.ErrorContains(t, err, "has 8 tokens")
	assert.ErrorContains(t, err, "needs 9")
	_, err = newContinuingWindows(span{counting(30), 0, 30}, 4, 8, 1)
	assert.ErrorContains(t, err, "needs 33")
	_, err = newEvaluationWindows(span{counting(8), 8, 8}, task.ValidPart, 4, 8, false)
	assert.ErrorContains(t, err, "no token to predict")
}
