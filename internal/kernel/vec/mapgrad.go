package vec

import "euryale/internal/kernel"

// Errors of the float32 assembly are for dy = 1; see map.go.

// ReLUGrad writes dx = dy where x > 0, else 0, also where x is NaN. dx may be x or dy.
func ReLUGrad[T kernel.Float](dx, x, dy []T) {
	sameLength("ReLUGrad", len(dx), len(x), len(dy))
	if fast[T]() {
		vecReLUGrad(start(dx), start(x), start(dy), len(x))
		return
	}
	for i, v := range x {
		if v > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}

// GELUGrad writes dx = dy·(Φ(x) + x·φ(x)), to 2 ulp or 3e-7, whichever is more. dx may be x or dy.
func GELUGrad[T kernel.Float](dx, x, dy []T) {
	sameLength("GELUGrad", len(dx), len(x), len(dy))
	if fast[T]() {
		vecGELUGrad(start(dx), start(x), start(dy), len(x))
		return
	}
	for i, v := range x {
		dx[i] = T(float64(dy[i]) * geluSlope(float64(v)))
	}
}

// GELUTanhGrad writes dx = dy·f'(x) for the f of GELUTanh, to 2 ulp or 3e-7, whichever is more. dx may be x or dy.
func GELUTanhGrad[T kernel.Float](dx, x, dy []T) {
	sameLength("GELUTanhGrad", len(dx), len(x), len(dy))
	if fast[T]() {
		vecGELUTanhGrad(start(dx), start(x), start(dy), len(x))
		return
	}
	for i, v := range x {
		dx[i] = T(float64(dy[i]) * geluTanhSlope(float64(v)))
	}
}

// SiLUGrad writes dx = dy·σ(x)(1 + x(1−σ(x))), to 2 ulp or 2e-7, whichever is more. dx may be x or dy.
func SiLUGrad[T kernel.Float](dx, x, dy []T) {
	sameLength("SiLUGrad", len(dx), len(x), len(dy))
	if fast[T]() {
		vecSiLUGrad(start(dx), start(x), start(dy), len(x))
		return
	}
	for i, v := range x {
		dx[i] = T(float64(dy[i]) * siluSlope(float64(v)))
	}
}

// TanhGrad writes dx = dy·(1 − y²) from the output y = tanh x, to 2e-7. dx may be y or dy.
func TanhGrad[T kernel.Float](dx, y, dy []T) {
	sameLength("TanhGrad", len(dx), len(y), len(dy))
	if fast[T]() {
		vecTanhGrad(start(dx), start(y), start(dy), len(y))
		return
	}
	for i, v := range y {
		dx[i] = dy[i] * (1 - v*v)
	}
}

// SigmoidGrad writes dx = dy·y(1 − y) from the output y = σ(x), to 2 ulp. dx may be y or dy.
func SigmoidGrad[T kernel.Float](dx, y, dy []T) {
	sameLength("SigmoidGrad", len(dx), len(y), len(dy))
	if fast[T]() {
		vecSigmoidGrad(start(dx), start(y), start(dy), len(y))
		return
	}
	for i, v := range y {
		dx[i] = dy[i] * (v * (1 - v))
	}
}
