package ops

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// One query in each sequence has the bits of the general path, however the heads are divided.
func TestStepIsForward(t *testing.T) {
	for name, c := range map[string]AttentionConfig{
		"plain":   {Sequences: 3, Heads: 3, KVHeads: 3},
		"grouped": {Sequences: 2, Heads: 8, KVHeads: 4},
		"many":    {Sequences: 1, Heads: 192, KVHeads: 96},
		"shared":  {Sequences: 1, Heads: 70, KVHeads: 1},
		"alibi":   {Sequences: 2, Heads: 4, KVHeads: 2, ALiBi: true},
		"raw":     {Sequences: 2, Heads: 2, KVHeads: 1, Raw: true},
		"window":  {Sequences: 3, Heads: 4, KVHeads: 4, Window: 9},
		"all":     {Sequences: 2, Heads: 4, KVHeads: 2, ALiBi: true, Window: 30},
	} {
		t.Run(name, func(t *testing.T) {
			checkStep[float32](t, c)
			checkStep[float64](t, c)
		})
	}
}

func checkStep[T Float](t *testing.T, c AttentionConfig) {
	a := attention{AttentionConfig: c, d: 12, t: 1, c: 70}
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(rows, cols int) matrix[T] {
		m := matrix[T]{make([]T, rows*cols), cols}
		for i := range m.x {
			m.x[i] = T(rng.NormFloat64())
		}
		return m
	}
	h := heads[T]{attention: a, q: random(c.Sequences, c.Heads*a.d), k: random(c.Sequences*a.c, c.KVHeads*a.d), v: random(c.Sequences*a.c, c.KVHeads*a.d)}
	for _, lengths := range [][]int{{70, 1, 33}, {0, 9, 8}, {31, 70, 0}} {
		h.lengths = lengths[:c.Sequences]
		h.within = a.within(nil, h.lengths)
		run := func(f func()) (y, lse []T) {
			h.y, h.lse = random(c.Sequences, c.Heads*a.d), make([]T, c.Sequences*c.Heads)
			f()
			return h.y.x, h.lse
		}
		want, sums := run(func() {
			buf := make([]T, blockRows*a.c)
			for i := range c.Sequences * c.KVHeads {
				h.forward(i/c.KVHeads, i%c.KVHeads, buf)
			}
		})
		y, lse := run(func() { h.step(&pool[T]{n: a.scratch()}) })
		assert.Equal(t, want, y, "keys %v", h.lengths)
		assert.Equal(t, sums, lse, "keys %v", h.lengths)
		y, _ = run(func() {
			for i := range c.Sequences * c.KVHeads {
				h.stepHeads(i/c.KVHeads, i%c.KVHeads, i%c.KVHeads+1, make([]T, c.Heads/c.KVHeads*a.c))
			}
		})
		assert.Equal(t, want, y, "keys %v, one head at a time", h.lengths)
		h.lengths = []int{71, 71, 71}[:c.Sequences]
		assert.Panics(t, func() { h.stepHeads(0, 0, 1, make([]T, 4*a.c)) }, "more keys than there are")
	}
}
