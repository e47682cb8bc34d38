package matmul

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"euryale/internal/kernel"
)

// The products of all heads together have the bits of those of one head after another, on every tier and at every
// precision.
func TestHeadsAreProducts(t *testing.T) {
	for _, p := range []Precision{Highest, High, Medium, Int8} {
		withPrecision(t, p)
		everyTier(t, func(t *testing.T) {
			checkHeads[float32](t)
			checkHeads[float64](t)
		})
	}
}

func checkHeads[T kernel.Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []T {
		x := make([]T, n)
		for i := range x {
			x[i] = T(rng.NormFloat64())
		}
		return x
	}
	for _, h := range []Heads{{1, 1, 64}, {12, 1, 64}, {8, 2, 8}, {6, 3, 5}, {4, 4, 33}} {
		for _, keys := range []int{1, 7, 8, 9, 64, 301} {
			ld, ldp := h.Count/h.Group*h.D+3, keys+2
			q, k, p, want := random(h.Count*h.D), random(keys*ld), random(h.Count*ldp), random(h.Count*ldp)
			Scores(h, q, k, ld, keys, p, ldp)
			y, mixed := random(h.Count*h.D), random(h.Count*h.D)
			Mix(h, p, ldp, k, ld, keys, y)
			for i := range h.Count {
				head := k[i/h.Group*h.D:]
				Gemm(false, true, 1, keys, h.D, 1, q[i*h.D:], h.D, head, ld, 0, want[i*ldp:], ldp)
				assert.Equal(t, want[i*ldp:][:keys], p[i*ldp:][:keys], "%+v: scores of %d keys, head %d", h, keys, i)
				Gemm(false, false, 1, h.D, keys, 1, p[i*ldp:], ldp, head, ld, 0, mixed[i*h.D:], h.D)
			}
			assert.Equal(t, mixed, y, "%+v: mix of %d values", h, keys)
		}
	}
}

// Slices that are too short are errors, and so are heads without a whole group.
func TestHeadsCheckSizes(t *testing.T) {
	x := make([]float32, 64)
	for name, f := range map[string]func(){
		"groups":  func() { Scores(Heads{3, 2, 4}, x, x, 8, 2, make([]float32, 8), 2) },
		"queries": func() { Scores(Heads{4, 1, 16}, x[:63], x, 64, 1, make([]float32, 8), 2) },
		"keys":    func() { Scores(Heads{4, 2, 8}, x, x[:31], 16, 2, make([]float32, 8), 2) },
		"scores":  func() { Scores(Heads{4, 2, 8}, x, x, 16, 2, make([]float32, 7), 2) },
		"values":  func() { Mix(Heads{4, 2, 8}, x, 2, x[:31], 16, 2, make([]float32, 32)) },
		"result":  func() { Mix(Heads{4, 2, 8}, x, 2, x, 16, 2, make([]float32, 31)) },
	} {
		assert.Panics(t, f, name)
	}
}
