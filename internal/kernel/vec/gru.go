package vec

import (
	"math"

	"euryale/internal/kernel"
)

// GRUCell computes the element-wise part of one GRU step in PyTorch's form (Cho et al., 2014, with the
// reset gate applied to the hidden product), gates ordered r|z|n. zx has the pre-activations from the
// input, zh those from the hidden state, biases included, both rows×3·hidden at stride ldz:
//
//	r = σ(zxr + zhr),  z = σ(zxz + zhz),  n = tanh(zxn + r·zhn),  h = (1−z)·n + z·hprev
//
// zx is overwritten with r|z|n; zh is not changed, and the gradient needs it. hprev and h have rows×hidden
// elements at stride ldh; h may be hprev. In float32 the errors are at most 1e-6 of max(1, |value|).
func GRUCell[T kernel.Float](zx, zh, hprev, h []T, rows, hidden, ldz, ldh int) {
	checkMatrix("GRUCell", "zx", len(zx), rows, 3*hidden, ldz)
	checkMatrix("GRUCell", "zh", len(zh), rows, 3*hidden, ldz)
	checkMatrix("GRUCell", "hprev", len(hprev), rows, hidden, ldh)
	checkMatrix("GRUCell", "h", len(h), rows, hidden, ldh)
	if hidden == 0 {
		return
	}
	if fast[T]() {
		for r := range rows {
			vecGRU(start(zx[r*ldz:]), start(zh[r*ldz:]), start(hprev[r*ldh:]), start(h[r*ldh:]), hidden)
		}
		return
	}
	for row := range rows {
		x, y := zx[row*ldz:row*ldz+3*hidden], zh[row*ldz:row*ldz+3*hidden]
		for j := range hidden {
			r := sigmoid(float64(x[j]) + float64(y[j]))
			z := sigmoid(float64(x[hidden+j]) + float64(y[hidden+j]))
			n := math.Tanh(float64(x[2*hidden+j]) + r*float64(y[2*hidden+j]))
			x[j], x[hidden+j], x[2*hidden+j] = T(r), T(z), T(n)
			h[row*ldh+j] = T((1-z)*n + z*float64(hprev[row*ldh+j]))
		}
	}
}

// GRUCellGrad computes the gradient of GRUCell, where z is the r|z|n that GRUCell wrote to zx, and zh and
// hprev are those of the forward pass. With a = dh·(1−z)·(1−n²), the gradient of the argument of tanh:
//
//	dzx = a·zhn·r(1−r) | dh·(hprev−n)·z(1−z) | a,  dzh = the same with a·r at the end,  dhprev = dh·z
//
// dhprev is overwritten with the direct part only; the caller adds the part through zh, the product of dzh
// with the weights. dzx may be z, dzh may be zh, dhprev may be dh. In float32 the errors are at most 4e-6
// of max(1, |value|).
func GRUCellGrad[T kernel.Float](dzx, dzh, dhprev, z, zh, hprev, dh []T, rows, hidden, ldz, ldh int) {
	checkMatrix("GRUCellGrad", "dzx", len(dzx), rows, 3*hidden, ldz)
	checkMatrix("GRUCellGrad", "dzh", len(dzh), rows, 3*hidden, ldz)
	checkMatrix("GRUCellGrad", "z", len(z), rows, 3*hidden, ldz)
	checkMatrix("GRUCellGrad", "zh", len(zh), rows, 3*hidden, ldz)
	checkMatrix("GRUCellGrad", "dhprev", len(dhprev), rows, hidden, ldh)
	checkMatrix("GRUCellGrad", "hprev", len(hprev), rows, hidden, ldh)
	checkMatrix("GRUCellGrad", "dh", len(dh), rows, hidden, ldh)
	if hidden == 0 {
		return
	}
	if fast[T]() {
		for r := range rows {
			vecGRUGrad(start(dzx[r*ldz:]), start(dzh[r*ldz:]), start(dhprev[r*ldh:]), start(z[r*ldz:]), start(zh[r*ldz:]),
				start(hprev[r*ldh:]), start(dh[r*ldh:]), hidden)
		}
		return
	}
	for row := range rows {
		for j := range hidden {
			ir, iz, in, k := row*ldz+j, row*ldz+hidden+j, row*ldz+2*hidden+j, row*ldh+j
			r, u, n, d := z[ir], z[iz], z[in], dh[k]
			a := d * (1 - u) * (1 - n*n)
			dr, du := a*zh[in]*r*(1-r), d*(hprev[k]-n)*u*(1-u)
			dzx[ir], dzx[iz], dzx[in] = dr, du, a
			dzh[ir], dzh[iz], dzh[in] = dr, du, a*r
			dhprev[k] = d * u
		}
	}
}
