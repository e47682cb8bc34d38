package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyInt8 runs f at Int8 on each tier that quantizes packed operands to bytes.
func everyInt8(t *testing.T, f func(t *testing.T)) {
	withPrecision(t, Int8)
	some := false
	everyTier(t, func(t *testing.T) {
		if Products() != "8-bit integers" {
			t.Skip("its packed operands are not integers")
		}
		some = true
		f(t)
	})
	if !some {
		t.Skip("no tier of this machine multiplies 8-bit integers")
	}
}

// largestMagnitude returns the largest magnitude of n elements, step apart.
func largestMagnitude(x []float32, step, n int) float32 {
	largest := float32(0)
	for i := range n {
		largest = max(largest, float32(math.Abs(float64(x[i*step]))))
	}
	return largest
}

// roundTo127 rounds n elements of x, step apart, to multiples of 1/127 of the largest
// magnitude.
func roundTo127(x []float32, step, n int) {
	if largest := largestMagnitude(x, step, n); largest > 0 {
		for i := range n {
			x[i*step] = float32(math.RoundToEven(float64(x[i*step]*(127/largest)))) * (largest / 127)
		}
	}
}

// roundToBytes rounds the operands of a product as Int8 may: rows of op(A), columns of op(B).
func (e *example[T]) roundToBytes() {
	p := e.p
	a, b := any(p.a).([]float32), any(p.b).([]float32)
	for i := range p.m {
		if p.transA {
			roundTo127(a[i:], p.lda, p.k)
		} else {
			roundTo127(a[i*p.lda:], 1, p.k)
		}
	}
	for j := range p.n {
		if p.transB {
			roundTo127(b[j*p.ldb:], 1, p.k)
		} else {
			roundTo127(b[j:], p.ldb, p.k)
		}
	}
}

// TestInt8Table compares every shape and transpose with the product of the rounded
// operands.
func TestInt8Table(t *testing.T) {
	everyInt8(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		var packed Packed[float32]
		sizes := append([][3]int{{64, 64, 64}, {2, 2100, 7}, {130, 40, 1030}, {16, 31, 600}, {33, 33, 2}}, shapes...)
		for _, size := range sizes {
			for flags := range 4 {
				for i, f := range [][2]float32{{1, 0}, {-0.5, 1}, {0.25, 2}} {
					e := newExample(r, flags&1 != 0, flags&2 != 0, size[0], size[1], size[2], f[0], f[1], i*5, 1)
					before := append([]float32(nil), e.p.c...)
					e.runPacked(&packed)
					e.roundToBytes()
					name := fmt.Sprintf("%v trans %02b alpha %v beta %v", size, flags, f[0], f[1])
					if !t.Run(name, func(t *testing.T) { e.expect(t, before) }) {
						return
					}
				}
			}
		}
	})
}

// TestInt8SameBits checks that the bits of a row do not depend on the other rows, the number
// of columns or the number of threads.
func TestInt8SameBits(t *testing.T) {
	everyInt8(t, func(t *testing.T) {
		const m, n, k = 70, 300, 515
		e := newExample[float32](rand.New(rand.NewPCG(3, 4)), false, true, m, n, k, 1, 0, 0, 1)
		var packed Packed[float32]
		e.runPacked(&packed)
		want := append([]float32(nil), e.p.c...)
		for _, threads := range []int{1, 2, 4} {
			withThreads(t, threads)
			for _, rows := range []int{1, 3, 14, 15, 33, m} {
				for first := 0; first+rows <= m; first += rows {
					c := make([]float32, rows*n)
					GemmPacked(&packed, false, true, rows, n, k, 1, e.p.a[first*e.p.lda:], e.p.lda, e.p.b, e.p.ldb, 0, c, n)
					for i := range rows {
						require.Equal(t, want[(first+i)*e.p.ldc:][:n], c[i*n:][:n], "%d threads, row %d of %d", threads, i, rows)
					}
				}
			}
		}
	})
}

// TestInt8SpecialValues checks that a value that is not finite affects only its row or column,
// and that zeros and denormals give correct results.
func TestInt8SpecialValues(t *testing.T) {
	everyInt8(t, func(t *testing.T) {
		const m, n, k = 20, 37, 19
		nan, inf := float32(math.NaN()), float32(math.Inf(1))
		for _, x := range []float32{nan, inf, -inf, 0, math.SmallestNonzeroFloat32, -1e-39, 1e36} {
			for _, inB := range []bool{false, true} {
				e := newExample[float32](rand.New(rand.NewPCG(1, 1)), false, false, m, n, k, 1, 0, 0, 1)
				operand := e.p.a
				if inB {
					operand = e.p.b
				}
				for i := range e.p.a {
					e.p.a[i] = 1
				}
				for i := range e.p.b {
					e.p.b[i] = 2
				}
				for i := range k { // all of row 3, or of column 4, and one number that is odd
					at := 3*k + i
					if inB {
						at = i*n + 4
					}
					operand[at] = 0
					if i == 5 {
						operand[at] = x
					}
				}
				var packed Packed[float32]
				e.runPacked(&packed)
				for i := range m {
					for j := range n {
						got := float64(e.p.c[i*n+j])
						if i == 3 && !inB || j == 4 && inB {
							want := float64(x * e.p.b[0])
							if inB {
								want = float64(x * e.p.a[0])
							}
							if math.Abs(want) <= math.MaxFloat32 {
								assert.InDelta(t, want, got, math.Abs(want)/1e6+1e-37, "%v", x)
							} else {
								assert.False(t, math.Abs(got) <= math.MaxFloat32, "%v became %v", x, got)
							}
							continue
						}
						require.InEpsilon(t, 2*k, got, 1e-6, "%v in B %v: element (%d, %d)", x, inB, i, j)
					}
				}
			}
		}
	})
}

// TestInt8TooLong checks that B is not quantized if sums could overflow int32.
func TestInt8TooLong(t *testing.T) {
	everyInt8(t, func(t *testing.T) {
		var packed Packed[float32]
		for _, k := range []int{longestInts, longestInts + 1} {
			e := newExample[float32](rand.New(rand.NewPCG(1, 1)), false, true, 1, 3, k, 1, 0, 0, 1)
			for i := range e.p.a { // the largest possible sum
				e.p.a[i] = 1
			}
			for i := range e.p.b {
				e.p.b[i] = 1
			}
			e.runPacked(&packed)
			assert.Equal(t, k == longestInts, packed.Ready())
			assert.InEpsilon(t, k, e.p.c[0], 1e-4)
		}
	})
}
