package vec

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var cellShapes = []struct{ rows, hidden, pad int }{{0, 3, 0}, {1, 1, 0}, {3, 5, 2}, {2, 16, 0}, {4, 37, 3}, {2, 64, 0}}

func TestLSTMCell(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, c := range cellShapes {
			h, ldz, ldc, ldh := c.hidden, 4*c.hidden+c.pad, c.hidden+c.pad, c.hidden+2*c.pad
			z, check := guarded(gaussian(c.rows*ldz, 1, 3), 1)
			cprev := gaussian(c.rows*ldc, 2, 2)
			cell, tc, out := gaussian(c.rows*ldc, 3, 1), gaussian(c.rows*ldc, 4, 1), gaussian(c.rows*ldh, 5, 1)
			z64, cell64, tc64, out64 := wide(z), wide(cell), wide(tc), wide(out)
			LSTMCell(z64, wide(cprev), cell64, tc64, out64, c.rows, h, ldz, ldc, ldh)
			LSTMCell(z, cprev, cell, tc, out, c.rows, h, ldz, ldc, ldh)
			check(t, "LSTMCell")
			near(t, z64, z, 2e-7, "gates")
			near(t, cell64, cell, 5e-7, "c")
			near(t, tc64, tc, 5e-7, "tc")
			near(t, out64, out, 5e-7, "h") // includes the padding of the rows, which must not change
			again, same := gaussian(c.rows*ldz, 1, 3), slices.Clone(cprev)
			LSTMCell(again, same, same, tc, out, c.rows, h, ldz, ldc, ldh)
			for r := range c.rows {
				require.Equal(t, cell[r*ldc:r*ldc+h], same[r*ldc:r*ldc+h], "c in place")
			}

			dh, dc := gaussian(c.rows*ldh, 6, 1), gaussian(c.rows*ldc, 7, 1)
			dz64, dc64 := slices.Clone(z64), wide(dc)
			LSTMCellGrad(dz64, dc64, z64, wide(cprev), tc64, wide(dh), c.rows, h, ldz, ldc, ldh)
			LSTMCellGrad(z, dc, z, cprev, tc, dh, c.rows, h, ldz, ldc, ldh)
			check(t, "LSTMCellGrad")
			near(t, dz64, z, 2e-6, "dz")
			near(t, dc64, dc, 1e-6, "dc")
		}
	})
}

// The float64 gradient is the derivative of Σ a·h + b·c by central differences.
func TestLSTMCellGradIsDerivative(t *testing.T) {
	const hidden = 3
	z, cprev := wide(gaussian(4*hidden, 1, 1)), wide(gaussian(hidden, 2, 1))
	a, b := wide(gaussian(hidden, 3, 1)), wide(gaussian(hidden, 4, 1))
	gates, c, tc, h := slices.Clone(z), make([]float64, hidden), make([]float64, hidden), make([]float64, hidden)
	loss := func() float64 {
		copy(gates, z)
		LSTMCell(gates, cprev, c, tc, h, 1, hidden, 4*hidden, hidden, hidden)
		return Dot(a, h) + Dot(b, c)
	}
	loss()
	dz, dc := make([]float64, 4*hidden), slices.Clone(b)
	LSTMCellGrad(dz, dc, gates, cprev, tc, a, 1, hidden, 4*hidden, hidden, hidden)
	requireSlopes(t, loss, z, dz)
	requireSlopes(t, loss, cprev, dc)
}

// requireSlopes requires that grad equals the derivatives of loss with respect to x.
func requireSlopes(t *testing.T, loss func() float64, x, grad []float64) {
	t.Helper()
	for i, keep := range x {
		d := slope(func(v float64) float64 { x[i] = v; return loss() }, keep)
		x[i] = keep
		require.InDelta(t, d, grad[i], 1e-8, "element %d", i)
	}
}

func TestGRUCell(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, c := range cellShapes {
			h, ldz, ldh := c.hidden, 3*c.hidden+c.pad, c.hidden+c.pad
			zx, check := guarded(gaussian(c.rows*ldz, 1, 3), 1)
			zh, checkH := guarded(gaussian(c.rows*ldz, 2, 3), 2)
			hprev, out := gaussian(c.rows*ldh, 3, 1), gaussian(c.rows*ldh, 4, 1)
			zx64, out64 := wide(zx), wide(out)
			GRUCell(zx64, wide(zh), wide(hprev), out64, c.rows, h, ldz, ldh)
			GRUCell(zx, zh, hprev, out, c.rows, h, ldz, ldh)
			check(t, "GRUCell")
			near(t, zx64, zx, 1e-6, "gates")
			near(t, out64, out, 1e-6, "h")
			again, same := gaussian(c.rows*ldz, 1, 3), slices.Clone(hprev)
			GRUCell(again, zh, same, same, c.rows, h, ldz, ldh)
			for r := range c.rows {
				require.Equal(t, out[r*ldh:r*ldh+h], same[r*ldh:r*ldh+h], "h in place")
			}

			dh := gaussian(c.rows*ldh, 6, 1)
			dzx64, dzh64, dhprev64 := slices.Clone(zx64), wide(zh), wide(dh)
			GRUCellGrad(dzx64, dzh64, dhprev64, zx64, wide(zh), wide(hprev), wide(dh), c.rows, h, ldz, ldh)
			GRUCellGrad(zx, zh, dh, zx, zh, hprev, dh, c.rows, h, ldz, ldh)
			check(t, "GRUCellGrad")
			checkH(t, "GRUCellGrad")
			near(t, dzx64, zx, 4e-6, "dzx")
			near(t, dzh64, zh, 4e-6, "dzh")
			near(t, dhprev64, dh, 2e-6, "dhprev")
		}
	})
}

func TestGRUCellGradIsDerivative(t *testing.T) {
	const hidden = 3
	zx, zh, hprev := wide(gaussian(3*hidden, 1, 1)), wide(gaussian(3*hidden, 2, 1)), wide(gaussian(hidden, 3, 1))
	a := wide(gaussian(hidden, 4, 1))
	gates, h := slices.Clone(zx), make([]float64, hidden)
	loss := func() float64 {
		copy(gates, zx)
		GRUCell(gates, zh, hprev, h, 1, hidden, 3*hidden, hidden)
		return Dot(a, h)
	}
	loss()
	dzx, dzh, dhprev := make([]float64, 3*hidden), make([]float64, 3*hidden), make([]float64, hidden)
	GRUCellGrad(dzx, dzh, dhprev, gates, zh, hprev, a, 1, hidden, 3*hidden, hidden)
	requireSlopes(t, loss, zx, dzx)
	requireSlopes(t, loss, zh, dzh)
	requireSlopes(t, loss, hprev, dhprev)
}

func TestSwiGLU(t *testing.T) {
	for _, x := range []float64{-3, -0.2, 0, 1.7} {
		da, db := make([]float64, 1), make([]float64, 1)
		SwiGLUGrad(da, db, []float64{2}, []float64{x}, []float64{0.6})
		require.InDelta(t, slope(func(v float64) float64 { return 2 * silu(v) * 0.6 }, x), da[0], 1e-9)
		require.InDelta(t, 2*silu(x), db[0], 1e-15)
	}
	eachTier(t, func(t *testing.T) {
		for n := 0; n <= 70; n++ {
			a, b, dy := gaussian(n, 1, 4), gaussian(n, 2, 1), gaussian(n, 3, 1)
			want, wantA, wantB := make([]float64, n), make([]float64, n), make([]float64, n)
			SwiGLU(want, wide(a), wide(b))
			SwiGLUGrad(wantA, wantB, wide(dy), wide(a), wide(b))
			y, check := guarded(make([]float32, n), 1)
			SwiGLU(y, a, b)
			check(t, "SwiGLU")
			near(t, want, y, 5e-7, "y")
			SwiGLUGrad(a, b, dy, a, b)
			near(t, wantA, a, 1e-6, "da")
			near(t, wantB, b, 1e-6, "db")
		}
		y, b := make([]float32, 2), []float32{0, 0}
		SwiGLUGrad(y, b, []float32{1, 1}, []float32{inf, -inf}, []float32{1, 1})
		require.Equal(t, []float32{1, 0}, y)
		require.Equal(t, []float32{inf, 0}, []float32{b[0], float32(math.Abs(float64(b[1])))})
	})
}
