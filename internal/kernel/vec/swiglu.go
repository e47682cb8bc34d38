package vec

import "euryale/internal/kernel"

// SwiGLU writes y = SiLU(a)·b, the gated unit of Shazeer (2020), in float32 with errors of at most 5e-7 of
// max(1, |value|). y may be a or b.
func SwiGLU[T kernel.Float](y, a, b []T) {
	sameLength("SwiGLU", len(y), len(a), len(b))
	if fast[T]() {
		vecSwiGLU(start(y), start(a), start(b), len(a))
		return
	}
	for i, v := range a {
		y[i] = T(silu(float64(v)) * float64(b[i]))
	}
}

// SwiGLUGrad computes the gradient of SwiGLU: da = dy·b·SiLU'(a), db = dy·SiLU(a). da and db may be any of
// dy, a, b but not each other. In float32 the errors are at most 1e-6 of max(1, |value|).
func SwiGLUGrad[T kernel.Float](da, db, dy, a, b []T) {
	sameLength("SwiGLUGrad", len(da), len(db), len(dy), len(a), len(b))
	if fast[T]() {
		vecSwiGLUGrad(start(da), start(db), start(dy), start(a), start(b), len(a))
		return
	}
	for i, v := range a {
		d, g := float64(dy[i]), float64(b[i])
		da[i], db[i] = T(d*g*siluSlope(float64(v))), T(d*silu(float64(v)))
	}
}
