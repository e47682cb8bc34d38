package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel"
)

// shapes has sizes just below, at and above all tile sizes (6, 14 rows; 8, 16, 32
// columns), the groups of 8 of the single-row kernels, and the cache blocks (168, 256).
var shapes = [][3]int{
	{1, 1, 1}, {1, 7, 3}, {1, 33, 17}, {1, 65, 300}, {2, 40, 9}, {3, 5, 64}, {4, 96, 31}, {5, 17, 130}, {8, 31, 8},
	{6, 16, 5}, {13, 15, 16}, {14, 32, 4}, {15, 33, 9}, {17, 1, 40}, {27, 63, 33}, {29, 70, 65}, {64, 64, 32}, {1, 130, 5},
	{43, 129, 70}, {7, 200, 257}, {61, 8, 300}, {171, 47, 20}, {33, 150, 520},
}

func TestGemmTable(t *testing.T) {
	everyTier(t, func(t *testing.T) {
		t.Run("float32", testGemmTable[float32])
		t.Run("float64", testGemmTable[float64])
	})
}

func testGemmTable[T kernel.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	factors := [][2]T{{1, 0}, {1, 1}, {-0.5, 0}, {0.25, 2}, {0, 0}, {0, 0.5}}
	for _, size := range shapes {
		for flags := range 4 {
			for i, f := range factors {
				pad, count := (i+flags)%3*5, 1+(i+flags)%2*2
				e := newExample(r, flags&1 != 0, flags&2 != 0, size[0], size[1], size[2], f[0], f[1], pad, count)
				before := append([]T(nil), e.p.c...)
				e.run()
				name := fmt.Sprintf("%v trans %02b alpha %v beta %v pad %d count %d", size, flags, f[0], f[1], pad, count)
				if !t.Run(name, func(t *testing.T) { e.expect(t, before) }) {
					return
				}
			}
		}
	}
}

// TestGemmEmpty checks empty products, as in BLAS: no result, or C = beta·C.
func TestGemmEmpty(t *testing.T) {
	everyTier(t, func(t *testing.T) {
		c := []float32{1, float32(math.NaN()), 3, 4}
		Gemm[float32](false, false, 0, 2, 2, 1, nil, 2, make([]float32, 4), 2, 0, nil, 2)
		Gemm[float32](false, false, 2, 0, 2, 1, make([]float32, 4), 2, nil, 1, 0, nil, 1)
		GemmBatch(0, false, false, 2, 2, 2, 1, c, 2, 4, c, 2, 4, 0, c, 2, 4)
		assert.Equal(t, float32(4), c[3])
		Gemm(false, false, 2, 2, 0, 1, nil, 1, nil, 2, float32(0), c, 2)
		assert.Equal(t, []float32{0, 0, 0, 0}, c)
		c = []float32{1, 2, 3, 4}
		Gemm(false, true, 2, 2, 0, 1, nil, 1, nil, 1, float32(3), c, 2)
		assert.Equal(t, []float32{3, 6, 9, 12}, c)
	})
}

// TestGemmSpecialValues checks that a NaN or Inf in A affects only its row of C, and that
// denormal products are not flushed, except for operands split into bfloat16, which flushes
// denormals; therefore only the split tier does that at the highest precision.
func TestGemmSpecialValues(t *testing.T) {
	everyTier(t, func(t *testing.T) {
		for _, m := range []int{1, 3, 20} {
			const n, k = 37, 19
			a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
			for i := range a {
				a[i] = 1
			}
			for i := range b {
				b[i] = 2
			}
			nan, inf, tiny := float32(math.NaN()), float32(math.Inf(1)), float32(math.SmallestNonzeroFloat32)
			for _, special := range []float32{nan, inf, -inf} {
				a[(m-1)*k+5] = special
				Gemm(false, false, m, n, k, 1, a, k, b, n, 0, c, n)
				for i, x := range c {
					if i < (m-1)*n {
						require.Equal(t, float32(2*k), x)
					} else {
						require.Equal(t, fmt.Sprint(special), fmt.Sprint(x))
					}
				}
			}
			for i := range a {
				a[i] = tiny
			}
			Gemm(false, false, m, n, k, 1, a, k, b, n, 0, c, n)
			for _, x := range c {
				if Products() != "float32" && m > fewRows {
					require.Zero(t, x)
					continue
				}
				require.Equal(t, 2*k*tiny, x)
			}
		}
	})
}

// TestGemmSameBits checks that the bits do not depend on the number of threads.
func TestGemmSameBits(t *testing.T) {
	everyTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, size := range [][4]int{{300, 270, 260, 1}, {1, 3000, 500, 1}, {4, 2000, 300, 1}, {70, 66, 64, 24}, {17, 1200, 300, 1}, {700, 40, 300, 1}} {
			for flags := range 4 {
				e := newExample[float32](r, flags&1 != 0, flags&2 != 0, size[0], size[1], size[2], 1, 0, 0, size[3])
				var first []float32
				for _, n := range []int{1, 2, 4} {
					withThreads(t, n)
					e.run()
					if first == nil {
						first = append(first, e.p.c...)
					}
					for i := range first {
						if math.Float32bits(first[i]) != math.Float32bits(e.p.c[i]) {
							require.Failf(t, "bits differ", "%v trans %02b threads %d at %d: %v, %v", size, flags, n, i, first[i], e.p.c[i])
						}
					}
				}
			}
		}
	})
}

// TestGemmConcurrent calls Gemm from many goroutines while the garbage collector runs
// and operands are freed.
func TestGemmConcurrent(t *testing.T) {
	withThreads(t, 3)
	everyTier(t, func(t *testing.T) {
		var wait sync.WaitGroup
		for g := range 6 {
			wait.Add(1)
			go func() {
				defer wait.Done()
				r := rand.New(rand.NewPCG(5, uint64(g)))
				for i := range 8 {
					e := newExample[float32](r, i&1 != 0, i&2 != 0, 20+30*g, 90, 70, 1, 0, i, 1)
					before := append([]float32(nil), e.p.c...)
					e.run()
					e.expect(t, before)
					if i == 4 {
						runtime.GC()
					}
				}
			}()
		}
		wait.Wait()
	})
}

func TestGemmAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops items at random under the race detector")
	}
	withThreads(t, 2)
	everyTier(t, func(t *testing.T) {
		if Tier().Name == "gonum" {
			t.Skip("gonum starts goroutines of its own")
		}
		r := rand.New(rand.NewPCG(6, 7))
		for _, size := range [][4]int{{64, 64, 32, 1}, {256, 256, 128, 1}, {1, 2048, 256, 1}, {64, 64, 32, 24}} {
			e := newExample[float32](r, false, true, size[0], size[1], size[2], 1, 0, 0, size[3])
			e.run()
			assert.LessOrEqual(t, testing.AllocsPerRun(50, e.run), 0.5, "%v", size)
		}
	})
}

// TestTileLayout compares the field offsets with those of gen/matmul.
func TestTileLayout(t *testing.T) {
	var s tile[float32]
	var d tile[float64]
	got := []uintptr{unsafe.Offsetof(s.a), unsafe.Offsetof(s.b), unsafe.Offsetof(s.c), unsafe.Offsetof(s.rows), unsafe.Offsetof(s.cols),
		unsafe.Offsetof(s.k), unsafe.Offsetof(s.aRow), unsafe.Offsetof(s.aStep), unsafe.Offsetof(s.bStep), unsafe.Offsetof(s.cRow),
		unsafe.Offsetof(s.ahead), unsafe.Offsetof(s.aheadStep), unsafe.Offsetof(s.group), unsafe.Offsetof(s.bGroup), unsafe.Offsetof(s.alpha), unsafe.Offsetof(s.beta), unsafe.Offsetof(d.alpha), unsafe.Offsetof(d.beta),
		unsafe.Offsetof(s.bPanel), unsafe.Offsetof(s.aPart), unsafe.Offsetof(s.bPart), unsafe.Offsetof(s.panels), unsafe.Offsetof(s.add)}
	assert.Equal(t, []uintptr{0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 116, 112, 120, 120, 128, 136, 144, 152}, got)
}
