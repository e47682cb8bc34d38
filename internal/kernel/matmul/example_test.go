package matmul

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"euryale/internal/kernel"
	"euryale/internal/kernel/parallel"
)

// everyTier runs f on each available tier, and restores the previous tier.
func everyTier(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	was := active.Load()
	defer active.Store(was)
	for _, c := range testTiers() {
		active.Store(c.tier)
		t.Run(c.name, f)
	}
}

type namedTier struct {
	name string
	tier *tier
}

// testTiers returns all available tiers, with a built-in one for each instruction set.
func testTiers() []namedTier {
	list := []namedTier{{"gonum", gonumTier()}}
	for _, b := range builtinTiers() {
		list = append(list, namedTier{b.info.Detail, b})
	}
	if b, err := openblasTier(); err == nil {
		list = append(list, namedTier{"openblas", b})
	}
	return list
}

// example is a product whose matrices are in longer, padded buffers.
type example[T kernel.Float] struct {
	p product[T]
	s batch
}

// newExample fills the operands with normal values and C with NaN if beta is 0.
func newExample[T kernel.Float](r *rand.Rand, transA, transB bool, m, n, k int, alpha, beta T, pad, count int) example[T] {
	p := product[T]{transA: transA, transB: transB, m: m, n: n, k: k, alpha: alpha, beta: beta}
	matrix := func(rows, cols int) ([]T, int, int) {
		ld := cols + pad
		stride := rows*ld + pad
		data := make([]T, count*stride)
		for i := range data {
			data[i] = T(r.NormFloat64())
		}
		return data, max(ld, 1), stride
	}
	var s batch
	s.count = count
	rowsA, colsA, rowsB, colsB := m, k, k, n
	if transA {
		rowsA, colsA = k, m
	}
	if transB {
		rowsB, colsB = n, k
	}
	p.a, p.lda, s.strideA = matrix(rowsA, colsA)
	p.b, p.ldb, s.strideB = matrix(rowsB, colsB)
	p.c, p.ldc, s.strideC = matrix(m, n)
	if beta == 0 {
		for i := range p.c {
			p.c[i] = T(math.NaN())
		}
	}
	return example[T]{p, s}
}

// run computes the example on the active tier.
func (e *example[T]) run() {
	p, s := e.p, e.s
	GemmBatch(s.count, p.transA, p.transB, p.m, p.n, p.k, p.alpha, p.a, p.lda, s.strideA, p.b, p.ldb, s.strideB, p.beta, p.c, p.ldc, s.strideC)
}

// expect compares C with a loop in float64 over the original matrices, and checks
// that nothing outside of C changed. The bound is the forward
// error of a sum of k products, γₖ·|A|·|B| (Higham, Accuracy and Stability,
// 2002, §3.5), with √k for k as roundings are independent.
func (e *example[T]) expect(t *testing.T, before []T) {
	t.Helper()
	p, s := e.p, e.s
	unit := float64(eps[T]())
	inside := make([]bool, len(p.c))
	for q := range s.count {
		for i := range p.m {
			for j := range p.n {
				sum, size := 0.0, 0.0
				for l := range p.k {
					ia, ib := i*p.lda+l, l*p.ldb+j
					if p.transA {
						ia = l*p.lda + i
					}
					if p.transB {
						ib = j*p.ldb + l
					}
					x := float64(p.a[q*s.strideA+ia]) * float64(p.b[q*s.strideB+ib])
					sum, size = sum+x, size+math.Abs(x)
				}
				at := q*s.strideC + i*p.ldc + j
				inside[at] = true
				want := float64(p.alpha) * sum
				size *= math.Abs(float64(p.alpha))
				if p.beta != 0 {
					want += float64(p.beta) * float64(before[at])
					size += math.Abs(float64(p.beta) * float64(before[at]))
				}
				bound := (8 + 2*math.Sqrt(float64(p.k))) * unit * size
				if got := float64(p.c[at]); !(math.Abs(got-want) <= bound+1e-300) {
					require.Failf(t, "wrong element", "matrix %d (%d,%d): got %v, want %v ± %v", q, i, j, got, want, bound)
				}
			}
		}
	}
	for i, in := range inside {
		if !in && math.Float64bits(float64(p.c[i])) != math.Float64bits(float64(before[i])) {
			require.Failf(t, "wrote outside C", "at %d: %v was %v", i, p.c[i], before[i])
		}
	}
}

// eps returns the unit roundoff.
func eps[T kernel.Float]() T {
	if sizeOf[T]() == 4 {
		return T(math.Ldexp(1, -24))
	}
	return T(math.Ldexp(1, -53))
}

// withThreads sets the number of threads for the test's duration.
func withThreads(t testing.TB, n int) {
	t.Helper()
	parallel.SetThreads(n)
	t.Cleanup(func() { parallel.SetThreads(0) })
}
