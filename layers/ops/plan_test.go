package ops

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
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

// A sum is written in the place of a term only if nothing reads the term afterwards.
func TestSumReplacesATermThatIsReadNoMore(t *testing.T) {
	life := func(until int) *lifetime { return &lifetime{[]*buffer{{}}, 8, 0, until} }
	early, late := &buffer{size: 8, life: life(5)}, &buffer{size: 8, life: life(9)}
	s := &sum{buffer: buffer{size: 8}, a: late, b: early}
	assert.Same(t, early.life, s.replaces(5))
	assert.Nil(t, s.replaces(4), "both are read later")
	assert.Nil(t, (&sum{buffer: buffer{size: 8}, a: late, b: &buffer{size: 8}}).replaces(5), "a term with memory of its own")
}

// A term that is read after the sum is not overwritten by it.
func TestSumKeepsATermThatIsKept(t *testing.T) {
	in := inputs(map[string][]int{"x": {4, 3}, "y": {4, 3}}, nil)
	x, y := in["x"].Value().Data().([]float32), in["y"].Value().Data().([]float32)
	for i := range x {
		x[i], y[i] = float32(i)-3, 0.5*float32(i)+1
	}
	tape := &Tape{Differentiated: true}
	p := Place{tape, "sum"}
	a := G.Must(Scale(p, in["x"], 2))
	b := G.Must(Scale(p, in["y"], 3))
	c := G.Must(Mul(p, G.Must(G.Add(a, b)), a)) // reads a after the sum
	order, err := G.Sort(c.Graph().ExactSubgraphRoots(c))
	require.NoError(t, err)
	slices.Reverse(order)
	tape.Plan(order, G.Nodes{c}, nil)
	vm := G.NewTapeMachine(c.Graph(), G.WithEngine(tape))
	tape.Begin()
	require.NoError(t, vm.RunAll())
	for i, v := range c.Value().Data().([]float32) {
		assert.InDelta(t, (2*x[i]+3*y[i])*2*x[i], v, 1e-5)
	}
}
