package vec

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// mapCase is a kernel y = f(x) with its definition in float64 and its error bound: ulp units in the last place of the
// exact value, or abs if that is more.
type mapCase struct {
	name   string
	kernel func(y, x []float32)
	exact  func(float64) float64
	ulp    float64
	abs    float64
}

var mapCases = []mapCase{
	{"Exp", Exp[float32], math.Exp, 1, smallest},
	{"Tanh", Tanh[float32], math.Tanh, 2, 0},
	{"Sigmoid", Sigmoid[float32], sigmoid, 3, smallest},
	{"ReLU", ReLU[float32], relu, 0, 0},
	{"GELU", GELU[float32], gelu, 5.5, 2 * smallest},
	{"GELUTanh", GELUTanh[float32], geluTanh, 2, 2e-7},
	{"SiLU", SiLU[float32], silu, 3.5, 100 * smallest},
	{"ReLUGrad", ofOnes(ReLUGrad[float32]), reluSlope, 0, 0},
	{"GELUGrad", ofOnes(GELUGrad[float32]), geluSlope, 2, 3e-7},
	{"GELUTanhGrad", ofOnes(GELUTanhGrad[float32]), geluTanhSlope, 2, 3e-7},
	{"SiLUGrad", ofOnes(SiLUGrad[float32]), siluSlope, 2, 2e-7},
	{"TanhGrad", ofOnes(TanhGrad[float32]), func(y float64) float64 { return 1 - y*y }, 1, 2e-7},
	{"SigmoidGrad", ofOnes(SigmoidGrad[float32]), func(y float64) float64 { return y * (1 - y) }, 2, 2e-7},
}

// ofOnes returns a gradient kernel with dy = 1.
func ofOnes(grad func(dx, x, dy []float32)) func(y, x []float32) {
	return func(y, x []float32) { grad(y, x, ones(len(x))) }
}

// ulp returns the distance between neighbouring float32 numbers at x.
func ulp(x float64) float64 {
	_, e := math.Frexp(x)
	return math.Ldexp(1, max(e, -125)-24)
}

// sweep returns every step-th finite float32 of both signs.
func sweep(step uint32) []float32 {
	var x []float32
	for b := uint32(0); b < 0x7f800000; b += step {
		x = append(x, math.Float32frombits(b), -math.Float32frombits(b))
	}
	return x
}

func TestMapAccuracy(t *testing.T) {
	x := sweep(20011)                                                         // a prime, about 107,000 numbers of each sign
	for b := math.Float32bits(0x1p-12); b < math.Float32bits(128); b += 509 { // and more densely in the range of activations
		x = append(x, math.Float32frombits(b), -math.Float32frombits(b))
	}
	x = append(x, -87.33653, -87.33654, -87.33655, 88.72283, 88.72284) // the limits of the normal results of Exp
	y := make([]float32, len(x))
	for _, c := range mapCases {
		t.Run(c.name, func(t *testing.T) {
			want := make([]float64, len(x))
			for i, v := range x {
				want[i] = c.exact(float64(v))
			}
			eachTier(t, func(t *testing.T) {
				c.kernel(y, x)
				worst, at := 0.0, float32(0)
				for i, w := range want {
					if float32(w) == y[i] {
						continue // both infinite, too
					}
					e := math.Abs(float64(y[i])-w) / ulp(w)
					if math.Abs(float64(y[i])-w) > c.abs && e > worst || math.IsNaN(e) {
						worst, at = e, x[i]
					}
				}
				require.LessOrEqual(t, worst, c.ulp, "ulp at x = %v", at)
				t.Logf("worst %.2f ulp at %v", worst, at)
			})
		})
	}
}

func TestMapSpecialValues(t *testing.T) {
	cases := []struct {
		name              string
		kernel            func(y, x []float32)
		minus, zero, plus float32 // at −Inf, 0, +Inf
	}{
		{"Exp", Exp[float32], 0, 1, inf},
		{"Tanh", Tanh[float32], -1, 0, 1},
		{"Sigmoid", Sigmoid[float32], 0, 0.5, 1},
		{"ReLU", ReLU[float32], 0, 0, inf},
		{"GELU", GELU[float32], 0, 0, inf},
		{"GELUTanh", GELUTanh[float32], 0, 0, inf},
		{"SiLU", SiLU[float32], 0, 0, inf},
		{"ReLUGrad", ofOnes(ReLUGrad[float32]), 0, 0, 1},
		{"GELUGrad", ofOnes(GELUGrad[float32]), 0, 0.5, 1},
		{"GELUTanhGrad", ofOnes(GELUTanhGrad[float32]), 0, 0.5, 1},
		{"SiLUGrad", ofOnes(SiLUGrad[float32]), 0, 0.5, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			eachTier(t, func(t *testing.T) {
				for n := 1; n <= 40; n += 13 { // in whole vectors and in the rest
					for at := range n {
						require.InDelta(t, c.minus, oneAmong(c.kernel, n, at, -inf), 2e-7, "f(−Inf)")
						require.InDelta(t, c.zero, oneAmong(c.kernel, n, at, 0), 2e-7, "f(0)")
						require.InDelta(t, c.plus, oneAmong(c.kernel, n, at, inf), 2e-7, "f(+Inf)")
						if c.name == "ReLUGrad" {
							continue // the slope of a step is 0 or 1
						}
						for _, payload := range []uint32{0x7fc00000, 0x7fc00001, 0xffffffff} {
							y := oneAmong(c.kernel, n, at, math.Float32frombits(payload))
							require.True(t, y != y, "f(NaN) = %v", y)
						}
					}
				}
			})
		})
	}
}

// oneAmong returns f(v) for v at index at of n numbers, the others zero.
func oneAmong(f func(y, x []float32), n, at int, v float32) float32 {
	x, y := make([]float32, n), make([]float32, n)
	x[at] = v
	f(y, x)
	return y[at]
}

// The bits of a result do not depend on the position of its element, and nothing outside the slices is written.
func TestMapLengths(t *testing.T) {
	x := gaussian(80, 1, 3)
	for _, c := range mapCases {
		t.Run(c.name, func(t *testing.T) {
			eachTier(t, func(t *testing.T) {
				for n := 0; n <= 70; n++ {
					offset := n % 5
					y, check := guarded(make([]float32, n), offset)
					in, _ := guarded(x[:n], 3-offset%4)
					c.kernel(y, in)
					check(t, c.name)
					for i := range n {
						var one [1]float32
						c.kernel(one[:], x[i:i+1])
						require.Equal(t, one[0], y[i], "element %d of %d", i, n)
					}
					c.kernel(in, in)
					require.Equal(t, y, in, "in place")
				}
			})
		})
	}
}

// The slopes are the derivatives of the functions, by central differences.
func TestSlopes(t *testing.T) {
	for _, c := range []struct{ f, slope func(float64) float64 }{
		{gelu, geluSlope}, {geluTanh, geluTanhSlope}, {silu, siluSlope},
	} {
		for x := -6.0; x <= 6; x += 0.37 {
			require.InDelta(t, slope(c.f, x), c.slope(x), 1e-9, "at %v", x)
		}
	}
}

// GELU keeps its relative accuracy in the left tail; values by mpmath, x·erfc(−x/√2)/2 with 40 digits.
func TestGELUTail(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		x := []float32{-5, -8, -12}
		y := make([]float32, 3)
		GELU(y, x)
		for i, want := range []float64{-1.4332578593959696e-6, -4.9767684594174273e-15, -2.1317785344932148e-32} {
			require.InEpsilon(t, want, y[i], 5e-7)
		}
	})
}

func TestBias(t *testing.T) {
	const rows, cols = 5, 37
	z, b := gaussian(rows*cols, 2, 2), gaussian(cols, 3, 1)
	for _, c := range []struct {
		name string
		bias func(y, z []float32, rows, cols int, b []float32)
		f    func(y, x []float32)
	}{
		{"ReLU", BiasReLU[float32], ReLU[float32]},
		{"GELU", BiasGELU[float32], GELU[float32]},
		{"GELUTanh", BiasGELUTanh[float32], GELUTanh[float32]},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachTier(t, func(t *testing.T) {
				sum, got, y, want := slices.Clone(z), slices.Clone(z), make([]float32, len(z)), make([]float32, len(z))
				Bias(sum, rows, cols, b)
				require.Equal(t, z[cols+3]+b[3], sum[cols+3])
				c.f(want, sum)
				c.bias(y, got, rows, cols, b)
				require.Equal(t, sum, got, "the pre-activation")
				require.Equal(t, want, y)
				c.bias(y, got, rows, cols, nil)
				require.Equal(t, sum, got, "no bias changes nothing")
				require.Equal(t, want, y)
				in := slices.Clone(z)
				c.bias(in, in, rows, cols, b)
				require.Equal(t, want, in, "in place")
			})
		})
	}
}

// TestBiasSlope compares the slopes with those of the gradient kernels.
func TestBiasSlope(t *testing.T) {
	const rows, cols = 5, 37
	b := gaussian(cols, 3, 1)
	x := append(gaussian(rows*cols-6, 2, 2), 0, float32(math.Inf(1)), float32(math.Inf(-1)), 200, -200, float32(math.NaN()))
	for _, c := range []struct {
		name  string
		slope func(y, z []float32, rows, cols int, b []float32)
		bias  func(y, z []float32, rows, cols int, b []float32)
		grad  func(dx, x, dy []float32)
	}{
		{"GELU", BiasGELUSlope[float32], BiasGELU[float32], GELUGrad[float32]},
		{"GELUTanh", BiasGELUTanhSlope[float32], BiasGELUTanh[float32], GELUTanhGrad[float32]},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachTier(t, func(t *testing.T) {
				for _, bias := range [][]float32{b, nil} {
					z, slope, y, want := slices.Clone(x), slices.Clone(x), make([]float32, len(x)), make([]float32, len(x))
					c.bias(want, z, rows, cols, bias)
					c.slope(y, slope, rows, cols, bias)
					c.grad(z, z, ones(len(z)))
					for i := range y {
						require.Equal(t, want[i] != want[i], y[i] != y[i], "value of %v", x[i])
						require.Equal(t, z[i] != z[i], slope[i] != slope[i], "slope at %v", x[i])
						if want[i] == want[i] && !math.IsInf(float64(want[i]), 0) {
							require.InDelta(t, want[i], y[i], 1e-6*math.Abs(float64(want[i])), "value of %v", x[i])
						}
						if z[i] == z[i] {
							require.InDelta(t, z[i], slope[i], 5e-7, "slope at %v", x[i])
						}
					}
				}
			})
		})
	}
}
