package vec

import "math"

// Scalar definitions in float64. The plain Go kernels use them for each element, and the tests compare
// the assembly with them.

const (
	geluC = 0.79788456080286535588 // √(2/π)
	geluA = 0.044715
)

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func relu(x float64) float64 {
	if x < 0 {
		return 0
	}
	return x
}

func reluSlope(x float64) float64 {
	if x > 0 {
		return 1
	}
	return 0
}

// gelu returns x·Φ(x), computed with erfc for relative accuracy in the left tail; gelu(−∞) is 0.
func gelu(x float64) float64 {
	if math.IsInf(x, -1) {
		return 0
	}
	return 0.5 * x * math.Erfc(-x/math.Sqrt2)
}

// geluSlope returns Φ(x) + x·φ(x).
func geluSlope(x float64) float64 {
	if math.IsInf(x, 0) {
		return reluSlope(x)
	}
	return 0.5*math.Erfc(-x/math.Sqrt2) + x*math.Exp(-0.5*x*x)/math.Sqrt(2*math.Pi)
}

// geluTanh returns ½x(1 + tanh u) with u = √(2/π)(x + 0.044715x³), computed as x·σ(2u).
func geluTanh(x float64) float64 {
	if math.IsInf(x, -1) {
		return 0
	}
	return x * sigmoid(2*geluC*(x+geluA*x*x*x))
}

func geluTanhSlope(x float64) float64 {
	if math.IsInf(x, 0) {
		return reluSlope(x)
	}
	s := sigmoid(2 * geluC * (x + geluA*x*x*x))
	return s + x*s*(1-s)*2*geluC*(1+3*geluA*x*x)
}

func silu(x float64) float64 {
	if math.IsInf(x, -1) {
		return 0
	}
	return x * sigmoid(x)
}

func siluSlope(x float64) float64 {
	if math.IsInf(x, 0) {
		return reluSlope(x)
	}
	s := sigmoid(x)
	return s + x*s*(1-s)
}
