package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// eps is added to variances before division, as in PyTorch's LayerNorm.
const eps = 1e-5

// LayerNorm normalises each row of x to mean 0 and variance 1, then scales and shifts it
// (Ba, Kiros and Hinton 2016).
//
//	x: (N, D) → (N, D)
//
// It declares gain (D), ones, and bias (D), zeros, unless the scope has no biases.
func LayerNorm(s *Scope, x *G.Node) *G.Node {
	d := width(s, x)
	gain := s.Param("gain", Fill(1), d)
	var bias *G.Node
	if s.HasBias() {
		bias = s.Param("bias", Fill(0), d)
	}
	return s.Out(s.Must(ops.LayerNorm(s.At("norm"), eps, x, gain, bias)))
}

// RMSNorm divides each row of x by its root mean square, then scales it (Zhang and
// Sennrich 2019).
//
//	x: (N, D) → (N, D)
//
// It declares gain (D), ones.
func RMSNorm(s *Scope, x *G.Node) *G.Node { return RMSNormEps(s, x, eps) }

// RMSNormEps is RMSNorm with another number than 1e-5 added to the mean square.
//
//	x: (N, D) → (N, D)
func RMSNormEps(s *Scope, x *G.Node, eps float64) *G.Node {
	gain := s.Param("gain", Fill(1), width(s, x))
	return s.Out(s.Must(ops.RMSNorm(s.At("norm"), eps, x, gain)))
}

// width checks that x is a matrix and returns its number of columns.
func width(s *Scope, x *G.Node) int {
	s.RefuseNil(x)
	if x.Dims() != 2 {
		s.Fail("x is %v, want (N, D)", x.Shape())
	}
	return x.Shape()[1]
}
