package vec

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// smallest is the smallest normal float32; results below it may be flushed to 0.
const smallest = 0x1p-126

var (
	inf = float32(math.Inf(1))
	nan = float32(math.NaN())
)

func ones(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// gaussian returns n normally distributed numbers with standard deviation size.
func gaussian(n int, seed uint64, size float64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(size * r.NormFloat64())
	}
	return x
}

func wide(x []float32) []float64 {
	if x == nil {
		return nil
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// near requires |got − want| ≤ bound·max(1, |want|) for all elements.
func near(t *testing.T, want []float64, got []float32, bound float64, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i, w := range want {
		g := float64(got[i])
		if math.IsNaN(w) && math.IsNaN(g) || g == w {
			continue
		}
		if !(math.Abs(g-w) <= bound*max(1, math.Abs(w))) {
			require.InDelta(t, w, g, bound, "%s: element %d of %d", what, i, len(want))
		}
	}
}

// guarded returns a copy of x that starts offset elements into its buffer, and a function that requires that the buffer
// around it has not changed.
func guarded(x []float32, offset int) ([]float32, func(t *testing.T, what string)) {
	const mark = -12345
	buffer := make([]float32, offset+len(x)+20)
	for i := range buffer {
		buffer[i] = mark
	}
	copy(buffer[offset:], x)
	return buffer[offset : offset+len(x) : offset+len(x)], func(t *testing.T, what string) {
		t.Helper()
		for i, v := range buffer {
			if i < offset || i >= offset+len(x) {
				require.Equal(t, float32(mark), v, "%s wrote outside its slice", what)
			}
		}
	}
}

// slope returns the derivative of f at x by central differences.
func slope(f func(float64) float64, x float64) float64 {
	const h = 1e-5
	return (f(x+h) - f(x-h)) / (2 * h)
}
