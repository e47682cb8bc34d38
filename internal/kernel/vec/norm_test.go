package vec

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

var normShapes = []struct{ rows, cols int }{{0, 5}, {1, 1}, {3, 7}, {2, 16}, {5, 33}, {4, 64}, {3, 70}, {2, 768}}

func TestLayerNorm(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, c := range normShapes {
			x, _ := guarded(gaussian(c.rows*c.cols, 1, 2), 1)
			for i := range x {
				x[i] += 30 // a mean much larger than the standard deviation
			}
			gain, bias := gaussian(c.cols, 2, 1), gaussian(c.cols, 3, 1)
			for _, b := range [][]float32{bias, nil} {
				y, check := guarded(make([]float32, len(x)), 2)
				mean, rstd := make([]float32, c.rows), make([]float32, c.rows)
				y64, mean64, rstd64 := make([]float64, len(x)), make([]float64, c.rows), make([]float64, c.rows)
				LayerNorm(y64, mean64, rstd64, wide(x), wide(gain), wide(b), c.rows, c.cols, 1e-5)
				LayerNorm(y, mean, rstd, x, gain, b, c.rows, c.cols, 1e-5)
				check(t, "LayerNorm")
				if c.cols > 1 { // the variance of one number is only rounding error
					near(t, y64, y, 1e-5, "y") // the mean is rounded to 30·2⁻²⁴, the gain is up to 3
					near(t, rstd64, rstd, 2e-6, "rstd")
				}
				near(t, mean64, mean, 2e-7, "mean")
			}
		}
	})
}

func TestRMSNorm(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, c := range normShapes {
			x, gain := gaussian(c.rows*c.cols, 1, 2), gaussian(c.cols, 2, 1)
			y, check := guarded(make([]float32, len(x)), 2)
			rstd, y64, rstd64 := make([]float32, c.rows), make([]float64, len(x)), make([]float64, c.rows)
			RMSNorm(y64, rstd64, wide(x), wide(gain), c.rows, c.cols, 1e-5)
			RMSNorm(y, rstd, x, gain, c.rows, c.cols, 1e-5)
			check(t, "RMSNorm")
			near(t, y64, y, 1e-6, "y")
			near(t, rstd64, rstd, 1e-6, "rstd")
		}
	})
}

// The float64 gradients are the derivatives of Σ w·y by central differences.
func TestNormGradIsDerivative(t *testing.T) {
	const rows, cols = 3, 7
	x, dy := wide(gaussian(rows*cols, 1, 2)), wide(gaussian(rows*cols, 2, 1))
	gain, bias := wide(gaussian(cols, 3, 1)), wide(gaussian(cols, 4, 1))
	y, mean, rstd := make([]float64, rows*cols), make([]float64, rows), make([]float64, rows)
	dx, dgain, dbias := make([]float64, rows*cols), make([]float64, cols), make([]float64, cols)
	forward := map[string]func() float64{
		"layer": func() float64 { LayerNorm(y, mean, rstd, x, gain, bias, rows, cols, 1e-5); return Dot(y, dy) },
		"rms":   func() float64 { RMSNorm(y, rstd, x, gain, rows, cols, 1e-5); return Dot(y, dy) },
	}
	differ := func(name string, got, at []float64) {
		for i := range at {
			keep := at[i]
			d := slope(func(v float64) float64 { at[i] = v; return forward[name]() }, keep)
			at[i] = keep
			require.InDelta(t, d, got[i], 1e-7, "%s element %d", name, i)
		}
	}
	forward["layer"]()
	LayerNormGrad(dx, dgain, dbias, dy, x, mean, rstd, gain, rows, cols)
	differ("layer", dx, x)
	differ("layer", dgain, gain)
	differ("layer", dbias, bias)
	forward["rms"]()
	RMSNormGrad(dx, dgain, dy, x, rstd, gain, rows, cols)
	differ("rms", dx, x)
	differ("rms", dgain, gain)
}

func TestNormGrad(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, c := range normShapes {
			n := c.rows * c.cols
			x, dy := gaussian(n, 1, 2), gaussian(n, 2, 1)
			gain := gaussian(c.cols, 3, 1)
			mean, rstd, y := make([]float32, c.rows), ones(c.rows), make([]float32, n)
			if c.cols > 1 {
				LayerNorm(y, mean, rstd, x, gain, nil, c.rows, c.cols, 1e-5)
			}
			dx64, dgain64, dbias64 := make([]float64, n), make([]float64, c.cols), make([]float64, c.cols)
			LayerNormGrad(dx64, dgain64, dbias64, wide(dy), wide(x), wide(mean), wide(rstd), wide(gain), c.rows, c.cols)
			dx, check := guarded(dy, 3)
			dgain, checkGain := guarded(ones(c.cols), 1)
			dbias, checkBias := guarded(ones(c.cols), 2)
			LayerNormGrad(dx, dgain, dbias, dx, x, mean, rstd, gain, c.rows, c.cols)
			check(t, "dx")
			checkGain(t, "dgain")
			checkBias(t, "dbias")
			near(t, dx64, dx, 2e-6, "dx")
			near(t, dgain64, dgain, 2e-6, "dgain")
			near(t, dbias64, dbias, 2e-6, "dbias")
			copy(dx, dy)
			LayerNormGrad(dx, dgain, nil, dx, x, mean, rstd, gain, c.rows, c.cols)
			near(t, dx64, dx, 2e-6, "dx without dbias")
			near(t, dgain64, dgain, 2e-6, "dgain without dbias")

			RMSNormGrad(dx64, dgain64, wide(dy), wide(x), wide(rstd), wide(gain), c.rows, c.cols)
			RMSNormGrad(dx, dgain, dy, x, rstd, gain, c.rows, c.cols)
			near(t, dx64, dx, 4e-6, "dx of RMSNorm")
			near(t, dgain64, dgain, 4e-6, "dgain of RMSNorm")
		}
	})
}

func TestNormSpecialValues(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		x, y, gain := ones(2*20), make([]float32, 2*20), ones(20)
		mean, rstd := make([]float32, 2), make([]float32, 2)
		x[19] = nan
		LayerNorm(y, mean, rstd, x, gain, nil, 2, 20, 1e-5)
		for i := range 20 {
			require.True(t, y[i] != y[i], "NaN fills its row")
			require.Zero(t, y[20+i], "a constant row is 0, unaffected by NaN in other rows")
		}
		require.InEpsilon(t, 1/math.Sqrt(1e-5), rstd[1], 1e-6)
	})
}
