package vec

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestArithmetic(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for n := 0; n <= 150; n++ {
			a, _ := guarded(gaussian(n, 1, 1), n%4)
			b, _ := guarded(gaussian(n, 2, 1), n%3)
			for _, c := range []struct {
				name   string
				kernel func(dst []float32)
				want   func(a, b float32) float32
				bound  float64
			}{
				{"Add", func(d []float32) { Add(d, a, b) }, func(a, b float32) float32 { return a + b }, 0},
				{"Sub", func(d []float32) { Sub(d, a, b) }, func(a, b float32) float32 { return a - b }, 0},
				{"Mul", func(d []float32) { Mul(d, a, b) }, func(a, b float32) float32 { return a * b }, 0},
				{"Scale", func(d []float32) { Scale(d, a, -1.25) }, func(a, _ float32) float32 { return -1.25 * a }, 0},
				{"Axpy", func(d []float32) { copy(d, b); Axpy(d, -1.25, a) }, func(a, b float32) float32 { return b - 1.25*a }, 2.4e-7},
			} {
				dst, check := guarded(make([]float32, n), n%5)
				c.kernel(dst)
				check(t, c.name)
				for i := range n {
					require.InDelta(t, c.want(a[i], b[i]), dst[i], c.bound, c.name)
				}
			}
		}
	})
}

// Float32 sums have the same bits in every tier, and the precision of float64.
func TestSums(t *testing.T) {
	long, _ := guarded(gaussian(3001, 5, 1), 1)
	other := gaussian(3001, 6, 1)
	for n := range len(long) {
		if n > 150 && n < len(long)-2 {
			continue
		}
		a, b := long[:n], other[:n]
		var acc, squares, dot [lanes]float64
		exact := new(summer)
		for i := range a {
			acc[i%lanes] += float64(a[i])
			squares[i%lanes] += float64(a[i]) * float64(a[i])
			dot[i%lanes] += float64(a[i]) * float64(b[i])
			exact.add(float64(a[i]))
		}
		total, totalSquares, totalDot := fold(&acc), fold(&squares), fold(&dot)
		eachTier(t, func(t *testing.T) {
			require.Equal(t, total, Sum(a), "Sum of %d", n)
			require.Equal(t, totalSquares, SumSquares(a), "SumSquares of %d", n)
			require.Equal(t, totalDot, Dot(a, b), "Dot of %d", n)
			require.InDelta(t, exact.total(), Sum(a), 1e-12)
		})
	}
}

// summer sums with Neumaier's compensation.
type summer struct{ sum, lost float64 }

func (s *summer) add(x float64) {
	t := s.sum + x
	if math.Abs(s.sum) >= math.Abs(x) {
		s.lost += (s.sum - t) + x
	} else {
		s.lost += (x - t) + s.sum
	}
	s.sum = t
}

func (s *summer) total() float64 { return s.sum + s.lost }

func TestSumSpecialValues(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		x := gaussian(75, 1, 1)
		x[70] = nan
		require.True(t, math.IsNaN(Sum(x)))
		x[70] = -inf
		require.Equal(t, math.Inf(-1), Sum(x))
		require.Equal(t, math.Inf(1), SumSquares(x))
		x[70], x[3] = math.MaxFloat32, math.MaxFloat32
		require.InEpsilon(t, 2*math.MaxFloat32, Sum(x), 1e-12, "no overflow in float64")
	})
}

func TestColumnSums(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, c := range []struct{ rows, cols, ld int }{{0, 3, 3}, {1, 1, 1}, {3, 0, 5}, {7, 5, 9}, {64, 64, 64}, {33, 131, 140}, {5, 70, 70}} {
			x := gaussian(c.rows*c.ld, 7, 1)
			want := make([]float64, c.cols)
			ColumnSums(want, wide(x), c.rows, c.cols, c.ld)
			got, check := guarded(gaussian(c.cols, 8, 1), 3)
			ColumnSums(got, x, c.rows, c.cols, c.ld)
			check(t, "ColumnSums")
			near(t, want, got, 2e-6, "ColumnSums")
		}
	})
}

func TestAdamW(t *testing.T) {
	o := AdamWStep{LR: 1e-3, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Decay: 0.1, Correct1: 1 - 0.9*0.9*0.9, Correct2: 1 - 0.95*0.95*0.95, GScale: 0.7}
	eachTier(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 7, 16, 33, 70, 1000} {
			w, checkW := guarded(gaussian(n, 1, 1), 1)
			g := gaussian(n, 2, 0.1)
			m, checkM := guarded(gaussian(n, 3, 0.1), 2)
			v, checkV := guarded(gaussian(n, 4, 0.1), 3)
			Mul(v, v, v)
			w64, m64, v64 := wide(w), wide(m), wide(v)
			AdamW(w64, wide(g), m64, v64, o)
			for i := range w64 { // the equation of the doc comment, for weight and moments
				require.InDelta(t, 0.9*float64(m[i])+0.1*0.7*float64(g[i]), m64[i], 1e-15)
				step := 1e-3 * (m64[i]/0.271/(math.Sqrt(v64[i]/0.142625)+1e-8) + 0.1*float64(w[i]))
				require.InDelta(t, float64(w[i])-step, w64[i], 1e-12)
			}
			AdamW(w, g, m, v, o)
			checkW(t, "AdamW")
			checkM(t, "AdamW")
			checkV(t, "AdamW")
			near(t, w64, w, 2e-7, "w")
			near(t, m64, m, 1e-7, "m")
			near(t, v64, v, 1e-7, "v")
		}
	})
}

func TestAdamWLeavesNoDenormals(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		if SIMD() == "none" {
			t.Skip("plain Go keeps denormals")
		}
		w, g, m, v := ones(40), make([]float32, 40), make([]float32, 40), make([]float32, 40)
		for i := range m {
			m[i], v[i] = -1.2e-38, 1.18e-38
		}
		g[17] = nan
		AdamW(w, g, m, v, AdamWStep{LR: 1e-3, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Correct1: 1, Correct2: 1, GScale: 1})
		for i := range m {
			if i == 17 {
				require.True(t, w[i] != w[i] && m[i] != m[i], "NaN stays")
				continue
			}
			require.Zero(t, m[i])
			require.Zero(t, v[i])
			require.Equal(t, float32(1), w[i])
		}
	})
}

func TestLengthsMustMatch(t *testing.T) {
	a, b := make([]float32, 3), make([]float32, 4)
	require.PanicsWithValue(t, "vec.Add: argument 3 has 4 elements, but the first has 3", func() { Add(a, a, b) })
	require.Panics(t, func() { Exp(a, b) })
	require.Panics(t, func() { AdamW(a, a, a, b, AdamWStep{}) })
	require.PanicsWithValue(t, "vec.SoftmaxRows: the matrix has 4 elements, but 2 rows of 2 columns at stride 3 need 5",
		func() { SoftmaxRows(b, 2, 2, 3, nil, 1, nil) })
	require.PanicsWithValue(t, "vec.SoftmaxRows: row 1 uses 3 entries, but has 2", func() { SoftmaxRows(b, 2, 2, 2, []int{1, 3}, 1, nil) })
	require.PanicsWithValue(t, "vec.LayerNorm: rstd has 3 elements, but needs 2",
		func() { LayerNorm(b, b[:2], a, b, a[:2], nil, 2, 2, 1e-5) })
	require.Panics(t, func() { ColumnSums(a, b, -1, 3, 3) })
	require.Panics(t, func() { Dropout(a, a, 1, 1, 1) })
	require.Panics(t, func() { Dropout(a, a, math.NaN(), 1, 1) })
	require.Panics(t, func() { Rotate(a, a, a, 1, 1, 3, 3, HalfSplit) })
	require.Panics(t, func() { LSTMCell(b, a, a, a, a, 1, 2, 8, 2, 2) })
}

// Matrices with rows but no columns have no elements, and the kernels do nothing.
func TestNoColumns(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		var none []float32
		two, n := []float32{1, 1}, []int{0, 0}
		ColumnSums(none, none, 2, 0, 3)
		SoftmaxAgain(none, 2, 0, 3, n, 1, two)
		SoftmaxGradRows(none, none, 2, 0, 3, n, two, 1)
		LayerNorm(none, []float32{0, 0}, []float32{0, 0}, none, none, nil, 2, 0, 1e-5)
		LayerNormGrad(none, none, none, none, none, two, two, none, 2, 0)
		LSTMCell(none, none, none, none, none, 2, 0, 1, 1, 1)
		LSTMCellGrad(none, none, none, none, none, none, 2, 0, 1, 1, 1)
		GRUCell(none, none, none, none, 2, 0, 1, 1)
		GRUCellGrad(none, none, none, none, none, none, none, 2, 0, 1, 1)
		Rotate(none, none, none, 2, 3, 0, 1, HalfSplit)
		BiasGELU(none, none, 2, 0, []float32{})
		SoftmaxRows(none, 2, 0, 3, n, 1, two)
		require.Equal(t, []float32{-inf, -inf}, two)
	})
}

func TestNothingIsAllocated(t *testing.T) {
	x, y, n := gaussian(256, 1, 1), make([]float32, 256), []int{3, 64, 10, 0}
	lse := make([]float32, 4)
	eachTier(t, func(t *testing.T) {
		require.Zero(t, testing.AllocsPerRun(10, func() {
			GELU(y, x)
			Dropout(y, x, 0.2, 1, 1<<32-5)
			SoftmaxRows(y, 4, 64, 64, n, 0.5, lse)
			Softmax(y, 1)
			LogSumExp(y)
			Sum(y)
			BiasGELU(y, y, 4, 64, x[:64])
			BiasGELUSlope(y, y, 4, 64, x[:64])
			BiasGELUTanhSlope(y, y, 4, 64, nil)
			LayerNorm(y, lse, slices.Clip(lse), x, x[:64], nil, 4, 64, 1e-5)
		}))
	})
}
