package ops

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Buffers that are in use at the same time have different memory, and the arena is hardly larger than what is
// in use at once.
func TestPlaceKeepsLifetimesApart(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var all []*lifetime
		inUse := make([]int, 64)
		for i := range 1 + rng.IntN(60) {
			l := &lifetime{[]*buffer{{}}, alignment * (1 + rng.IntN(50)), i, min(63, i+rng.IntN(10))}
			all = append(all, l)
			for at := l.from; at <= l.until; at++ {
				inUse[at] += l.size
			}
		}
		a := &arena{}
		a.place(all)
		peak := 0
		for _, n := range inUse {
			peak = max(peak, n)
		}
		assert.GreaterOrEqual(t, a.size, peak)
		assert.Less(t, float64(a.size), 1.35*float64(peak), "seed %d", seed)
		for i, x := range all {
			assert.LessOrEqual(t, x.offset()+x.size, a.size)
			for _, y := range all[:i] {
				apart := x.until < y.from || y.until < x.from || x.offset()+x.size <= y.offset() || y.offset()+y.size <= x.offset()
				assert.True(t, apart, fmt.Sprintf("seed %d: %+v and %+v", seed, x, y))
			}
		}
	}
}

// The usual lifetimes of a network, where what is written first is read last, leave no gaps.
func TestPlaceOfAStackHasNoGaps(t *testing.T) {
	var all []*lifetime
	size := 0
	for i := range 20 {
		n := alignment * (1 + i%3)
		size += n
		all = append(all, &lifetime{[]*buffer{{}}, n, i, 40 - i})
	}
	a := &arena{}
	a.place(all)
	assert.Equal(t, size, a.size)
}
