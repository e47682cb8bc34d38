package kernel

import "math"

// Exp writes y = eˣ. y may be x.
func Exp[T Float](y, x []T) {
	sameLength("Exp", len(y), len(x))
	if fast[T]() {
		vecExp(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(math.Exp(float64(v)))
	}
}

// Tanh writes y = tanh x. y may be x.
func Tanh[T Float](y, x []T) {
	sameLength("Tanh", len(y), len(x))
	if fast[T]() {
		vecTanh(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(math.Tanh(float64(v)))
	}
}

// Sigmoid writes y = 1/(1+e⁻ˣ). y may be x.
func Sigmoid[T Float](y, x []T) {
	sameLength("Sigmoid", len(y), len(x))
	if fast[T]() {
		vecSigmoid(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(sigmoid(float64(v)))
	}
}

// ReLU writes y = max(x, 0). y may be x.
func ReLU[T Float](y, x []T) {
	sameLength("ReLU", len(y), len(x))
	if fast[T]() {
		vecReLU(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(relu(float64(v)))
	}
}

// GELU writes y = x·Φ(x), Φ the normal distribution function (Hendrycks and Gimpel, 2016). y may be x.
func GELU[T Float](y, x []T) {
	sameLength("GELU", len(y), len(x))
	if fast[T]() {
		vecGELU(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(gelu(float64(v)))
	}
}

// GELUTanh writes y = ½x(1 + tanh(√(2/π)(x + 0.044715x³))), GPT-2's approximation of GELU. y may be x.
func GELUTanh[T Float](y, x []T) {
	sameLength("GELUTanh", len(y), len(x))
	if fast[T]() {
		vecGELUTanh(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(geluTanh(float64(v)))
	}
}

// SiLU writes y = x/(1+e⁻ˣ), also called swish. y may be x.
func SiLU[T Float](y, x []T) {
	sameLength("SiLU", len(y), len(x))
	if fast[T]() {
		vecSiLU(start(y), start(x), len(x))
		return
	}
	for i, v := range x {
		y[i] = T(silu(float64(v)))
	}
}
