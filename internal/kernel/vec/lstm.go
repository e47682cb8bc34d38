package vec

import (
	"math"

	"euryale/internal/kernel"
)

// LSTMCell computes the element-wise part of one LSTM step (Hochreiter and Schmidhuber, 1997; gates by
// PyTorch's formulas, ordered i|f|g|o). Each row of z (rows×4·hidden at stride ldz) has the
// pre-activations, and is overwritten with the activations i, f, o = σ(·), g = tanh(·); then
//
//	c = f·cprev + i·g,  tc = tanh(c),  h = o·tc
//
// cprev, c, tc (stride ldc) and h (stride ldh) have rows×hidden elements; the gradient needs tc. c may be
// cprev. In float32 the errors are at most 5e-7 of max(1, |value|).
func LSTMCell[T kernel.Float](z, cprev, c, tc, h []T, rows, hidden, ldz, ldc, ldh int) {
	checkMatrix("LSTMCell", "z", len(z), rows, 4*hidden, ldz)
	checkMatrix("LSTMCell", "cprev", len(cprev), rows, hidden, ldc)
	checkMatrix("LSTMCell", "c", len(c), rows, hidden, ldc)
	checkMatrix("LSTMCell", "tc", len(tc), rows, hidden, ldc)
	checkMatrix("LSTMCell", "h", len(h), rows, hidden, ldh)
	if hidden == 0 {
		return
	}
	if fast[T]() {
		for r := range rows {
			vecLSTM(start(z[r*ldz:]), start(cprev[r*ldc:]), start(c[r*ldc:]), start(tc[r*ldc:]), start(h[r*ldh:]), hidden)
		}
		return
	}
	for r := range rows {
		zr := z[r*ldz : r*ldz+4*hidden]
		zi, zf, zg, zo := zr[:hidden], zr[hidden:2*hidden], zr[2*hidden:3*hidden], zr[3*hidden:]
		for j := range hidden {
			i, f, g, o := sigmoid(float64(zi[j])), sigmoid(float64(zf[j])), math.Tanh(float64(zg[j])), sigmoid(float64(zo[j]))
			zi[j], zf[j], zg[j], zo[j] = T(i), T(f), T(g), T(o)
			cell := f*float64(cprev[r*ldc+j]) + i*g
			t := math.Tanh(cell)
			c[r*ldc+j], tc[r*ldc+j], h[r*ldh+j] = T(cell), T(t), T(o*t)
		}
	}
}

// LSTMCellGrad computes the gradient of LSTMCell. z has the activations that LSTMCell wrote; dh (stride
// ldh) is the gradient of h, and dc (stride ldc) that of c from the next step, which is overwritten with
// that of cprev. With d = dc + dh·o·(1−tc²):
//
//	dz = d·g·i(1−i) | d·cprev·f(1−f) | d·i·(1−g²) | dh·tc·o(1−o),  dc = d·f
//
// dz has the layout of z (rows×4·hidden at stride ldz) and may be z. In float32 the errors are at most 2e-6
// of max(1, |value|).
func LSTMCellGrad[T kernel.Float](dz, dc, z, cprev, tc, dh []T, rows, hidden, ldz, ldc, ldh int) {
	checkMatrix("LSTMCellGrad", "dz", len(dz), rows, 4*hidden, ldz)
	checkMatrix("LSTMCellGrad", "z", len(z), rows, 4*hidden, ldz)
	checkMatrix("LSTMCellGrad", "dc", len(dc), rows, hidden, ldc)
	checkMatrix("LSTMCellGrad", "cprev", len(cprev), rows, hidden, ldc)
	checkMatrix("LSTMCellGrad", "tc", len(tc), rows, hidden, ldc)
	checkMatrix("LSTMCellGrad", "dh", len(dh), rows, hidden, ldh)
	if hidden == 0 {
		return
	}
	if fast[T]() {
		for r := range rows {
			vecLSTMGrad(start(dz[r*ldz:]), start(dc[r*ldc:]), start(z[r*ldz:]), start(cprev[r*ldc:]),
				start(tc[r*ldc:]), start(dh[r*ldh:]), hidden)
		}
		return
	}
	for r := range rows {
		zr, dr := z[r*ldz:r*ldz+4*hidden], dz[r*ldz:r*ldz+4*hidden]
		for j := range hidden {
			i, f, g, o := zr[j], zr[hidden+j], zr[2*hidden+j], zr[3*hidden+j]
			t, dhj := tc[r*ldc+j], dh[r*ldh+j]
			d := dc[r*ldc+j] + dhj*o*(1-t*t)
			dr[j] = d * g * i * (1 - i)
			dr[hidden+j] = d * cprev[r*ldc+j] * f * (1 - f)
			dr[2*hidden+j] = d * i * (1 - g*g)
			dr[3*hidden+j] = dhj * t * o * (1 - o)
			dc[r*ldc+j] = d * f
		}
	}
}
