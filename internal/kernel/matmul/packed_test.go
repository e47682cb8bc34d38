package matmul

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel"
)

// runPacked computes the example on the active tier with a packed B.
func (e *example[T]) runPacked(packed *Packed[T]) {
	p := e.p
	packed.Pack(p.transB, p.k, p.n, p.b, p.ldb, nil)
	GemmPacked(packed, p.transA, p.transB, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc)
}

// TestPackedTable checks that packing an operand does not change the bits, except for products
// with few rows: these sum in another order if B is transposed or they add to C, and at medium
// precision they round B, but with very few rows not A.
func TestPackedTable(t *testing.T) {
	for _, p := range []Precision{Highest, Medium} {
		t.Run(string(p), func(t *testing.T) {
			withPrecision(t, p)
			everyTier(t, func(t *testing.T) {
				t.Run("float32", testPackedTable[float32])
				if p == Highest {
					t.Run("float64", testPackedTable[float64])
				}
			})
		})
	}
}

func testPackedTable[T kernel.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var packed Packed[T]
	sizes := append([][3]int{{300, 270, 261}, {2, 2100, 700}, {16, 100, 3}, {17, 100, 3}, {50, 4100, 6}}, shapes...)
	for _, size := range sizes {
		for flags := range 4 {
			for i, f := range [][2]T{{1, 0}, {-0.5, 1}} {
				e := newExample(r, flags&1 != 0, flags&2 != 0, size[0], size[1], size[2], f[0], f[1], i*5, 1)
				before := append([]T(nil), e.p.c...)
				name := fmt.Sprintf("%v trans %02b alpha %v beta %v", size, flags, f[0], f[1])
				e.runPacked(&packed)
				if e.p.m <= fewRows && layoutOf[T]() != nil && layoutOf[T]().panel != nil {
					rounded := []([]float32){any(e.p.b).([]float32), any(e.p.a).([]float32)}
					if e.p.m <= panelRows {
						rounded = rounded[:1]
					}
					for _, x := range rounded {
						for i := range x {
							x[i] = bfloat16(x[i])
						}
					}
					if !t.Run(name, func(t *testing.T) { e.expect(t, before) }) {
						return
					}
					continue
				}
				ks := layoutOf[T]()
				other := e.p.m <= fewRows && ks != nil && (e.p.transB || !ks.pack.inPlace())
				if other || e.p.m <= 2 && ks != nil && e.p.beta != 0 { // the order of summation differs
					if !t.Run(name, func(t *testing.T) { e.expect(t, before) }) {
						return
					}
					continue
				}
				got := append([]T(nil), e.p.c...)
				copy(e.p.c, before)
				e.run()
				for i := range got {
					if got[i] != e.p.c[i] && !(got[i] != got[i] && e.p.c[i] != e.p.c[i]) {
						require.Failf(t, "not the same bits", "%s: element %d is %v, want %v", name, i, got[i], e.p.c[i])
					}
				}
			}
		}
	}
}

// TestPackedForOtherSettings checks that operands packed for another tier, precision or size are
// not read.
func TestPackedForOtherSettings(t *testing.T) {
	withPrecision(t, Medium)
	everyTier(t, func(t *testing.T) {
		e := newExample[float32](rand.New(rand.NewPCG(3, 4)), false, false, 20, 30, 40, 1, 0, 0, 1)
		p := e.p
		other := make([]float32, len(p.b)) // as if B had changed: zeros
		multiply := func(packed *Packed[float32]) float32 {
			GemmPacked(packed, false, false, p.m, p.n, p.k, 1, p.a, p.lda, p.b, p.ldb, 0, p.c, p.ldc)
			return p.c[0]
		}
		var packed Packed[float32]
		right := multiply(&packed)
		assert.Equal(t, right, multiply(nil))
		require.NotZero(t, right)
		packed.Pack(false, p.k, p.n, other, p.ldb, nil)
		if layoutOf[float32]() == nil {
			assert.Equal(t, right, multiply(&packed))
			return
		}
		assert.Zero(t, multiply(&packed))
		packed.Release()
		assert.Equal(t, right, multiply(&packed))
		packed.Pack(false, p.k-1, p.n, other, p.ldb, nil)
		assert.Equal(t, right, multiply(&packed))
		packed.Pack(false, p.k, p.n, other, p.ldb, nil)
		require.NoError(t, SetPrecision(Highest))
		defer func() { require.NoError(t, SetPrecision(Medium)) }()
		if layoutOf[float32]() != packed.layout.Load() {
			assert.InDelta(t, right, multiply(&packed), 0.2)
			assert.NotZero(t, multiply(&packed))
		}
	})
}

func TestPackedAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops items at random under the race detector")
	}
	withPrecision(t, Medium)
	withThreads(t, 2)
	var packed Packed[float32]
	for _, m := range []int{1, 5, 64} {
		e := newExample[float32](rand.New(rand.NewPCG(6, 7)), false, true, m, 512, 256, 1, 0, 0, 1)
		e.runPacked(&packed)
		assert.LessOrEqual(t, testing.AllocsPerRun(50, func() {
			GemmPacked(&packed, false, true, m, 512, 256, 1, e.p.a, e.p.lda, e.p.b, e.p.ldb, 0, e.p.c, e.p.ldc)
		}), 0.5, "%d rows", m)
		assert.LessOrEqual(t, testing.AllocsPerRun(50, func() { packed.Pack(true, 256, 512, e.p.b, e.p.ldb, nil) }), 2.5, "packing takes a function value")
	}
}

// BenchmarkPacked measures products of few rows with a packed and an unpacked right operand,
// with two threads, at each precision.
func BenchmarkPacked(b *testing.B) {
	for _, p := range []Precision{Highest, Medium} {
		for _, size := range [][3]int{{1, 768, 3072}, {1, 3072, 768}, {1, 50257, 768}, {1, 384, 384}, {1, 384, 1536}, {4, 3072, 768}, {8, 3072, 768}, {16, 3072, 768}, {50, 512, 128}, {384, 1536, 384}} {
			for _, kind := range []string{"plain", "packed"} {
				b.Run(fmt.Sprintf("%s/%dx%dx%d/%s", p, size[0], size[1], size[2], kind), func(b *testing.B) {
					withPrecision(b, p)
					withThreads(b, 2)
					e := newExample[float32](rand.New(rand.NewPCG(1, 1)), false, false, size[0], size[1], size[2], 1, 0, 0, 1)
					var packed Packed[float32]
					e.runPacked(&packed)
					if kind == "plain" {
						packed.Release()
					}
					for b.Loop() {
						GemmPacked(&packed, false, false, e.p.m, e.p.n, e.p.k, 1, e.p.a, e.p.lda, e.p.b, e.p.ldb, 0, e.p.c, e.p.ldc)
					}
					b.ReportMetric(2*float64(e.p.m*e.p.n*e.p.k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
				})
			}
		}
	}
}

// BenchmarkPack measures packing an operand of 384 rows and a typical number of columns, with
// one thread, in ns per element.
func BenchmarkPack(b *testing.B) {
	for _, p := range []Precision{Highest, Medium, Int8} {
		for _, n := range []int{128, 384, 512, 520} {
			for _, trans := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%d/trans=%v", p, n, trans), func(b *testing.B) {
					withPrecision(b, p)
					withThreads(b, 1)
					const k = 384
					e := newExample[float32](rand.New(rand.NewPCG(1, 1)), false, trans, 1, n, k, 1, 0, 0, 1)
					var packed Packed[float32]
					for b.Loop() {
						packed.Pack(trans, k, n, e.p.b, e.p.ldb, nil)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*k*n), "ns/number")
				})
			}
		}
	}
}

// Few rows, whose products read the packed operand panel by panel, have the bits of the same rows among many.
func TestPackedFewRows(t *testing.T) {
	const many, n, k = 2*narrowRows + 5, 100, 1500
	r := rand.New(rand.NewPCG(3, 4))
	for _, p := range []Precision{Highest, High, Medium, Int8} {
		t.Run(string(p), func(t *testing.T) {
			withPrecision(t, p)
			everyTier(t, func(t *testing.T) {
				for _, transA := range []bool{false, true} {
					e := newExample[float32](r, transA, false, many, n, k, 1, 0.5, 0, 1)
					before := slices.Clone(e.p.c)
					var packed Packed[float32]
					packed.Pack(false, k, n, e.p.b, e.p.ldb, nil)
					if !packed.Ready() {
						t.Skip("this tier does not pack")
					}
					product := func(m int) []float32 {
						c := slices.Clone(before)
						GemmPacked(&packed, transA, false, m, n, k, 1, e.p.a, e.p.lda, e.p.b, e.p.ldb, 0.5, c, e.p.ldc)
						return c
					}
					all := product(many)
					for _, m := range []int{fewRows + 1, 20, narrowRows} {
						few := product(m)
						for i := range m {
							row := few[i*e.p.ldc : i*e.p.ldc+n]
							require.Equal(t, all[i*e.p.ldc:i*e.p.ldc+n], row, "row %d of %d, A transposed: %v", i, m, transA)
						}
					}
				}
			})
		})
	}
}
