package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withPrecision sets p until the test or benchmark is over.
func withPrecision(t testing.TB, p Precision) {
	t.Helper()
	was := InUse()
	require.NoError(t, SetPrecision(p))
	t.Cleanup(func() { require.NoError(t, SetPrecision(was)) })
}

func TestSetPrecision(t *testing.T) {
	withPrecision(t, Highest)
	assert.EqualError(t, SetPrecision("bf16"), `matmul: the precision is "bf16": want highest, high, medium or int8`)
	assert.Equal(t, Highest, InUse())
	assert.Equal(t, "float32", Products())
}

// TestDefaultPrecision: operands are split only where that is faster, or was asked for.
func TestDefaultPrecision(t *testing.T) {
	everyTier(t, func(t *testing.T) {
		name := Tier().Detail
		if strings.Contains(name, "AMX") || strings.Contains(name, "split") {
			assert.Equal(t, High, DefaultPrecision())
			withPrecision(t, High)
			assert.Equal(t, "two bfloat16", Products())
			return
		}
		assert.Equal(t, Highest, DefaultPrecision())
	})
}

// everyMedium runs f under Medium on each tier that then rounds its operands.
func everyMedium(t *testing.T, f func(t *testing.T)) {
	withPrecision(t, Medium)
	some := false
	everyTier(t, func(t *testing.T) {
		if Products() == "float32" {
			t.Skip("its products stay float32")
		}
		some = true
		f(t)
	})
	if !some {
		t.Skip("no tier of this machine multiplies bfloat16")
	}
}

// bfloat16 is x rounded to the nearest bfloat16, ties to even, as the processor does it.
func bfloat16(x float32) float32 {
	bits := math.Float32bits(x)
	switch {
	case x != x:
		return x
	case bits&0x7f800000 == 0: // denormal
		return math.Float32frombits(bits & 0x80000000)
	}
	return math.Float32frombits((bits + 0x7fff + bits>>16&1) &^ 0xffff)
}

// TestMediumTable compares every shape and transpose with the product of the rounded
// operands: what is left is the rounding of float32 sums.
func TestMediumTable(t *testing.T) {
	everyMedium(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		sizes := append([][3]int{{64, 64, 64}, {20, 2100, 7}, {230, 40, 1030}, {17, 31, 1}, {19, 33, 2}}, shapes...)
		for _, size := range sizes {
			for flags := range 4 {
				for i, f := range [][2]float32{{1, 0}, {-0.5, 1}, {0.25, 2}} {
					e := newExample(r, flags&1 != 0, flags&2 != 0, size[0], size[1], size[2], f[0], f[1], i*5, 1+i)
					before := append([]float32(nil), e.p.c...)
					e.run()
					if e.p.m > fewRows {
						for _, x := range [][]float32{e.p.a, e.p.b} {
							for i := range x {
								x[i] = bfloat16(x[i])
							}
						}
					}
					name := fmt.Sprintf("%v trans %02b alpha %v beta %v", size, flags, f[0], f[1])
					if !t.Run(name, func(t *testing.T) { e.expect(t, before) }) {
						return
					}
				}
			}
		}
	})
}

// TestMediumSpecialValues: NaN and Inf reach their row of C and no other; the largest
// number rounds to Inf, as in every conversion to nearest; denormals count as zero.
func TestMediumSpecialValues(t *testing.T) {
	everyMedium(t, func(t *testing.T) {
		const m, n, k = 35, 37, 19
		nan, inf := float32(math.NaN()), float32(math.Inf(1))
		for _, c := range []struct{ x, want float32 }{
			{nan, nan}, {inf, inf}, {-inf, -inf}, {math.MaxFloat32, inf}, {-math.MaxFloat32, -inf},
			{math.SmallestNonzeroFloat32, 2 * (k - 1)}, {-1e-39, 2 * (k - 1)}, {1.2e-38, 2 * (k - 1)}, {1 + 1./256, 2 * k}, {1 + 3./256, 2 * (k + 1./64)},
		} {
			for flags := range 4 {
				e := newExample[float32](rand.New(rand.NewPCG(1, 1)), flags&1 != 0, flags&2 != 0, m, n, k, 1, 0, 0, 1)
				for i := range e.p.a {
					e.p.a[i] = 1
				}
				for i := range e.p.b {
					e.p.b[i] = 2
				}
				at := (m-1)*k + 5
				if e.p.transA {
					at = 5*m + m - 1
				}
				e.p.a[at] = c.x
				e.run()
				for i, x := range e.p.c[:m*n] {
					want := float32(2 * k)
					if i >= (m-1)*n {
						want = c.want
					}
					require.Equal(t, fmt.Sprint(want), fmt.Sprint(x), "%v, trans %02b, element %d", c.x, flags, i)
				}
			}
		}
	})
}

// TestPrecisionError is how far products are from those in float64, in units of Σ|a||b|:
// n roundings of float32 sums; with bfloat16 operands 2⁻⁸ for each of the two; with operands
// in two parts 2⁻¹⁶ for each, and for the product of second parts that is left out.
func TestPrecisionError(t *testing.T) {
	scales := map[string]func(r *rand.Rand) float64{
		"normal":     func(r *rand.Rand) float64 { return r.NormFloat64() },
		"ill-scaled": func(r *rand.Rand) float64 { return r.NormFloat64() * math.Exp2(float64(r.IntN(40)-20)) },
		"one sign":   func(r *rand.Rand) float64 { return 1 + r.Float64() },
	}
	for _, p := range []Precision{Highest, High, Medium} {
		for name, draw := range scales {
			t.Run(string(p)+" "+name, func(t *testing.T) {
				withPrecision(t, p)
				everyTier(t, func(t *testing.T) {
					for _, n := range []int{17, 64, 130, 300} {
						bound := float64(n) * math.Exp2(-24)
						switch Products() {
						case "bfloat16":
							bound += math.Exp2(-7) * 1.01
						case "two bfloat16":
							bound += 3 * math.Exp2(-16) * 1.01
						case "three bfloat16":
							bound += 8 * math.Exp2(-24) // products left out: 2⁻²⁴ and less; six sums for one
						}
						worst := relativeError(draw, n)
						t.Logf("size %d: %.1e", n, worst)
						assert.Less(t, worst, bound, "size %d", n)
					}
				})
			})
		}
	}
}

// relativeError is the largest error of an element of an n×n product, divided by
// the sum of its terms' absolute values.
func relativeError(draw func(*rand.Rand) float64, n int) float64 {
	r := rand.New(rand.NewPCG(8, uint64(n)))
	worst := 0.0
	for flags := range 4 {
		e := newExample[float32](r, flags&1 != 0, flags&2 != 0, n, n, n, 1, 0, 0, 1)
		for _, x := range [][]float32{e.p.a, e.p.b} {
			for i := range x {
				x[i] = float32(draw(r))
			}
		}
		e.run()
		for i := range n {
			for j := range n {
				sum, size := 0.0, 0.0
				for l := range n {
					a, b := e.p.a[i*e.p.lda+l], e.p.b[l*e.p.ldb+j]
					if e.p.transA {
						a = e.p.a[l*e.p.lda+i]
					}
					if e.p.transB {
						b = e.p.b[j*e.p.ldb+l]
					}
					sum += float64(a) * float64(b)
					size += math.Abs(float64(a) * float64(b))
				}
				worst = max(worst, math.Abs(float64(e.p.c[i*e.p.ldc+j])-sum)/size)
			}
		}
	}
	return worst
}

// TestMediumSameBits: the result does not depend on the number of threads.
func TestMediumSameBits(t *testing.T) {
	everyMedium(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, size := range [][4]int{{300, 270, 261, 1}, {70, 66, 64, 24}, {17, 1200, 301, 1}, {700, 40, 300, 1}} {
			for flags := range 4 {
				e := newExample[float32](r, flags&1 != 0, flags&2 != 0, size[0], size[1], size[2], 1, 0, 0, size[3])
				var first []float32
				for _, n := range []int{1, 2, 4} {
					withThreads(t, n)
					e.run()
					if first == nil {
						first = append(first, e.p.c...)
					}
					require.Equal(t, first, e.p.c, "%v trans %02b threads %d", size, flags, n)
				}
			}
		}
	})
}

// TestSplit compares products of operands in parts with those of float32, special values
// included: Inf, NaN, and numbers that a bfloat16 would round to Inf, come out as float32
// has them.
func TestSplit(t *testing.T) {
	some := false
	for _, c := range []struct {
		p       Precision
		product string
		unit    float64
	}{{High, "two bfloat16", 4e-5}, {Highest, "three bfloat16", 4e-7}} {
		t.Run(string(c.p), func(t *testing.T) {
			withPrecision(t, c.p)
			everyTier(t, func(t *testing.T) {
				if Products() != c.product {
					t.Skip("its products are not of " + c.product)
				}
				some = true
				testSplit(t, c.unit)
				testSplitSpecialValues(t)
			})
		})
	}
	if !some {
		t.Skip("no tier of this machine multiplies split operands")
	}
}

// testSplit allows so much of an error for each term of a sum.
func testSplit(t *testing.T, unit float64) {
	r := rand.New(rand.NewPCG(9, 9))
	split := active.Load()
	defer active.Store(split)
	for _, size := range append([][3]int{{70, 66, 100}, {33, 32, 64}}, shapes...) {
		for flags := range 4 {
			e := newExample[float32](r, flags&1 != 0, flags&2 != 0, size[0], size[1], size[2], 1, 0, 3, 1)
			before := append([]float32(nil), e.p.c...)
			got := e.p.c
			e.run()
			active.Store(gonumTier())
			e.p.c = append([]float32(nil), before...)
			e.run()
			active.Store(split)
			for i := range got {
				if before[i] != before[i] && e.p.c[i] != e.p.c[i] {
					require.True(t, got[i] != got[i], "wrote outside C")
					continue
				}
				require.InDelta(t, e.p.c[i], got[i], unit*float64(size[2]), "%v trans %02b element %d", size, flags, i)
			}
		}
	}
}

func testSplitSpecialValues(t *testing.T) {
	const m, n, k = 35, 37, 19
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range [][3]float32{ // a, b, and what becomes of their element of C with 18 terms of 1·1
		{inf, 2, inf}, {-inf, 2, -inf}, {inf, -2, -inf}, {inf, inf, inf}, {-inf, inf, -inf}, {nan, 1, nan}, {1, nan, nan}, {inf, 0, nan},
		{inf, 1 + 1./512, inf}, {inf, 1 - 1./512, inf}, {math.MaxFloat32, 0.5, math.MaxFloat32 / 2}, {-3.4e38, 1, -3.4e38}, {0.5, math.MaxFloat32, math.MaxFloat32 / 2},
		{1 + 1./1024, 1 + 1./1024, 19 + 2./1024},
	} {
		for flags := range 4 {
			e := newExample[float32](rand.New(rand.NewPCG(1, 1)), flags&1 != 0, flags&2 != 0, m, n, k, 1, 0, 0, 1)
			for _, x := range [][]float32{e.p.a, e.p.b} {
				for i := range x {
					x[i] = 1
				}
			}
			a, b := 3*k+5, 5*n+4
			if e.p.transA {
				a = 5*m + 3
			}
			if e.p.transB {
				b = 4*k + 5
			}
			e.p.a[a], e.p.b[b] = c[0], c[1]
			e.run()
			got := float64(e.p.c[3*n+4])
			if want := float64(c[2]); math.IsNaN(want) || math.IsInf(want, 0) {
				require.Equal(t, fmt.Sprint(want), fmt.Sprint(got), "%v, trans %02b", c, flags)
			} else {
				require.InEpsilon(t, want, got, 1e-5, "%v, trans %02b", c, flags)
			}
			require.Equal(t, float32(k), e.p.c[7*n+8], "%v, trans %02b: an element of other rows and columns", c, flags)
		}
	}
}

// TestReducedConcurrent: products at reduced precision from many goroutines at once, some
// with an operand packed for all, while memory is collected in a loop.
func TestReducedConcurrent(t *testing.T) {
	withThreads(t, 3)
	for _, p := range []Precision{Medium, High, Int8} {
		t.Run(string(p), func(t *testing.T) {
			withPrecision(t, p)
			everyTier(t, func(t *testing.T) {
				if Products() == "float32" {
					t.Skip("its products stay float32")
				}
				stop, collected := make(chan struct{}), make(chan struct{})
				go func() {
					defer close(collected)
					for {
						select {
						case <-stop:
							return
						default:
							runtime.GC()
						}
					}
				}()
				r := rand.New(rand.NewPCG(5, 5))
				e := newExample[float32](r, false, true, 70, 90, 75, 1, 0, 0, 1)
				e.run()
				read := append([]float32(nil), e.p.c...)
				var packed Packed[float32]
				e.runPacked(&packed)
				var wait sync.WaitGroup
				for g := range 12 {
					wait.Go(func() {
						own, want := &packed, e.p.c
						if g%2 == 0 {
							own, want = nil, read
						}
						for range 6 {
							c := make([]float32, len(e.p.c))
							GemmPacked(own, false, true, 70, 90, 75, 1, e.p.a, e.p.lda, e.p.b, e.p.ldb, 0, c, e.p.ldc)
							assert.Equal(t, want, c)
						}
					})
				}
				wait.Wait()
				close(stop)
				<-collected
			})
		})
	}
}
