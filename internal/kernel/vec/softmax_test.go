package vec

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSoftmaxRows(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, c := range []struct{ rows, cols, ld int }{{0, 4, 4}, {1, 0, 2}, {3, 1, 1}, {20, 20, 23}, {70, 70, 70}, {150, 64, 64}, {3, 300, 301}} {
			for _, scale := range []float32{0.125, 1, -2} {
				x := gaussian(c.rows*c.ld, 1, 4)
				var n []int
				for r := range c.rows {
					n = append(n, r%(c.cols+1)) // 0 too
				}
				for _, used := range [][]int{n, nil} {
					got, check := guarded(x, 1)
					lse, lse64, want := ones(c.rows), make([]float64, c.rows), wide(x)
					SoftmaxRows(want, c.rows, c.cols, c.ld, used, float64(scale), lse64)
					SoftmaxRows(got, c.rows, c.cols, c.ld, used, scale, lse)
					check(t, "SoftmaxRows")
					near(t, want, got, 4e-7, "softmax") // the rows and the padding between them
					near(t, lse64, lse, 1e-6, "lse")

					again := slices.Clone(x)
					SoftmaxAgain(again, c.rows, c.cols, c.ld, used, scale, lse)
					near(t, want, again, 2e-6, "softmax again")

					without := slices.Clone(x)
					SoftmaxRows(without, c.rows, c.cols, c.ld, used, scale, nil)
					require.Equal(t, got, without)
					zeroBeyond(t, got, used, c.cols, c.ld)
					zeroBeyond(t, again, used, c.cols, c.ld)
				}
			}
		}
	})
}

// zeroBeyond requires exact zeros after the used entries of each row.
func zeroBeyond(t *testing.T, x []float32, n []int, cols, ld int) {
	t.Helper()
	for r := range n {
		for _, v := range x[r*ld+n[r] : r*ld+cols] {
			require.Zero(t, math.Float32bits(v))
		}
	}
}

func TestSoftmaxRelativeError(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for n := 1; n <= 600; n += 37 {
			x := gaussian(n, 3, 12)
			want, largest := wide(x), float64(slices.Max(x))
			distance := wide(x)
			for i := range distance {
				distance[i] = largest - distance[i]
			}
			Softmax(want, 1)
			Softmax(x, 1)
			for i, w := range want {
				require.InDelta(t, w, x[i], w*(5e-7+6e-8*distance[i])+smallest)
				require.True(t, x[i] == 0 || x[i] >= smallest, "a denormal: %g", x[i])
			}
			require.InDelta(t, 1, Sum(x), 1e-6)
		}
	})
}

func TestSoftmaxMasked(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		require.Equal(t, -inf, Softmax([]float32{}, 1))
		require.Equal(t, -inf, LogSumExp([]float32{}))
		for n := 1; n <= 70; n++ {
			x := slices.Repeat([]float32{-inf}, n)
			require.Equal(t, -inf, LogSumExp(x))
			require.Equal(t, -inf, Softmax(x, 1), "only −Inf")
			require.Equal(t, make([]float32, n), x)
			x = slices.Repeat([]float32{-inf}, n)
			SoftmaxAgain(x, 1, n, n, nil, 1, []float32{-inf})
			require.Equal(t, make([]float32, n), x)

			x = slices.Repeat([]float32{-inf}, n)
			x[n-1] = 5
			require.InDelta(t, 10, Softmax(x, 2), 1e-6)
			require.Equal(t, append(make([]float32, n-1), 1), x)
		}
	})
}

func TestSoftmaxSpecialValues(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for n := 1; n <= 70; n++ {
			for _, bad := range []float32{nan, inf} {
				x := gaussian(n, 1, 1)
				x[n/2] = bad
				lse := Softmax(x, 1)
				require.True(t, lse != lse && x[0] != x[0] && x[n-1] != x[n-1], "NaN or +Inf make the row NaN")
			}
			x := gaussian(n, 1, 1)
			x[n/2] = math.MaxFloat32
			Softmax(x, 1)
			require.Equal(t, float32(1), x[n/2])
		}
	})
}

func TestSoftmaxReadsOnlyWhatIsUsed(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		x := gaussian(3*40, 1, 1)
		n := []int{7, 0, 33}
		want := slices.Clone(x)
		SoftmaxRows(want, 3, 40, 40, n, 1, nil)
		for r, k := range n {
			for i := k; i < 40; i++ {
				x[r*40+i] = nan
			}
		}
		SoftmaxRows(x, 3, 40, 40, n, 1, nil)
		require.Equal(t, want, x)
	})
}

func TestSoftmaxGradRows(t *testing.T) {
	// the equation is the derivative of softmax(scale·x)·dp, by central differences in float64
	x, dp := wide(gaussian(9, 1, 1)), wide(gaussian(9, 2, 1))
	p, got := slices.Clone(x), slices.Clone(dp)
	Softmax(p, 0.7)
	SoftmaxGradRows(got, p, 1, 9, 9, nil, []float64{Dot(p, dp)}, 0.7)
	for i := range x {
		d := slope(func(v float64) float64 {
			y := slices.Clone(x)
			y[i] = v
			Softmax(y, 0.7)
			return Dot(y, dp)
		}, x[i])
		require.InDelta(t, d, got[i], 1e-8)
	}
	eachTier(t, func(t *testing.T) {
		for _, c := range []struct{ rows, cols, ld int }{{0, 3, 3}, {2, 1, 1}, {30, 29, 31}, {65, 64, 64}, {2, 300, 300}} {
			p, dp, dot := gaussian(c.rows*c.ld, 1, 1), gaussian(c.rows*c.ld, 2, 1), gaussian(c.rows, 3, 1)
			n := make([]int, c.rows)
			for r := range n {
				n[r] = r % (c.cols + 1)
			}
			want := wide(dp)
			SoftmaxGradRows(want, wide(p), c.rows, c.cols, c.ld, n, wide(dot), 0.25)
			got, check := guarded(dp, 2)
			SoftmaxGradRows(got, p, c.rows, c.cols, c.ld, n, dot, 0.25)
			check(t, "SoftmaxGradRows")
			near(t, want, got, 4e-7, "dp")
			zeroBeyond(t, got, n, c.cols, c.ld)
		}
	})
}

// The largest element is found wherever it is, in every tier.
func TestMax(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		require.Equal(t, float32(math.Inf(-1)), Max([]float32{}))
		for n := 1; n < 150; n++ {
			x := make([]float32, n)
			for i := range x {
				x[i] = -float32(i%7) - 1
			}
			for at := range x {
				before := x[at]
				x[at] = -0.5
				require.Equal(t, float32(-0.5), Max(x), "%d of %d", at, n)
				x[at] = before
			}
		}
	})
}

func TestLogSumExp(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, n := range []int{1, 5, 16, 33, 70, 5000} {
			x, _ := guarded(gaussian(n, 1, 10), 3)
			want := LogSumExp(wide(x))
			require.InEpsilon(t, want, LogSumExp(x), 5e-7)
			y, check := guarded(make([]float32, n), 1)
			ExpShift(y, x, float32(want), 0.5)
			check(t, "ExpShift")
			y64 := make([]float64, n)
			ExpShift(y64, wide(x), float64(float32(want)), 0.5)
			near(t, y64, y, 2e-6, "ExpShift")
		}
		y := make([]float32, 3)
		ExpShift(y, []float32{-inf, inf, nan}, 0, 1)
		require.Zero(t, y[0])
		require.Equal(t, inf, y[1])
		require.True(t, y[2] != y[2])
	})
}
