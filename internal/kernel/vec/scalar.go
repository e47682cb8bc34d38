package vec

import "math"

// The scalar definitions, in float64: what the plain-Go kernels compute element by element and what
// the assembly is tested against.

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

// gelu is x·Φ(x) by erfc, which keeps its relative accuracy in the left tail; Φ(−∞) wins over −∞·0.
func gelu(x float64) float64 {
	if math.IsInf(x, -1) {
		return 0
	}
	return 0.5 * x * math.Erfc(-x/math.Sqrt2)
}

// geluSlope is Φ(x) + x·φ(x).
func geluSlope(x float64) float64 {
	if math.IsInf(x, 0) {
		return reluSlope(x)
	}
	return 0.5*math.Erfc(-x/math.Sqrt2) + x*math.Exp(-0.5*x*x)/math.Sqrt(2*math.Pi)
}

// geluTanh is ½x(1 + tanh u) with u = √(2/π)(x + 0.044715x³), written x·σ(2u).
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
