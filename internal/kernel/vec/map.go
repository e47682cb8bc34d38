package vec

import (
	"math"

	"euryale/internal/kernel"
)

// Errors of the float32 assembly are in units in the last place (ulp) of the exact value, the maximum over a sweep of all
// finite x in both instruction sets; denormal results are flushed to 0. NaN gives NaN. The plain Go code, for float64 and
// for processors without assembly, computes in float64 and rounds once.

// Exp writes y = eˣ, to 1 ulp; +Inf above 88.72, 0 below −87.33. y may be x.
func Exp[T kernel.Float](y, x []T) {
	sameLength("Exp", len(y), len(x))
	if fast[T]() {
		vecExp(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(math.Exp(float64(v)))
	}
}

// Tanh writes y = tanh x, to 2 ulp. y may be x.
func Tanh[T kernel.Float](y, x []T) {
	sameLength("Tanh", len(y), len(x))
	if fast[T]() {
		vecTanh(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(math.Tanh(float64(v)))
	}
}

// Sigmoid writes y = 1/(1+e⁻ˣ), to 3 ulp. y may be x.
func Sigmoid[T kernel.Float](y, x []T) {
	sameLength("Sigmoid", len(y), len(x))
	if fast[T]() {
		vecSigmoid(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(sigmoid(float64(v)))
	}
}

// ReLU writes y = max(x, 0), exactly. y may be x.
func ReLU[T kernel.Float](y, x []T) {
	sameLength("ReLU", len(y), len(x))
	if fast[T]() {
		vecReLU(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(relu(float64(v)))
	}
}

// GELU writes y = x·Φ(x), Φ the normal distribution function (Hendrycks and Gimpel, 2016), to 5.5 ulp, a relative
// error of 3.4e-7, in the left tail too; 0 below −13.1. y may be x.
func GELU[T kernel.Float](y, x []T) {
	sameLength("GELU", len(y), len(x))
	if fast[T]() {
		vecGELU(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(gelu(float64(v)))
	}
}

// GELUTanh writes y = ½x(1 + tanh(√(2/π)(x + 0.044715x³))), GPT-2's approximation of GELU,
// to 2 ulp or 2e-7, whichever is more. y may be x.
func GELUTanh[T kernel.Float](y, x []T) {
	sameLength("GELUTanh", len(y), len(x))
	if fast[T]() {
		vecGELUTanh(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(geluTanh(float64(v)))
	}
}

// SiLU writes y = x/(1+e⁻ˣ), also called swish, to 3.5 ulp. y may be x.
func SiLU[T kernel.Float](y, x []T) {
	sameLength("SiLU", len(y), len(x))
	if fast[T]() {
		vecSiLU(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(silu(float64(v)))
	}
}
