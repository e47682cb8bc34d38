package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Activate applies act to every value of x: "relu", "gelu", "gelu_tanh", "silu", "tanh"
// or "sigmoid".
//
//	x: (N, D) → (N, D)
func Activate(s *Scope, x *G.Node, act Activation) *G.Node {
	return s.Must(ops.Activate(s.At("activation"), act, x))
}

// GELU is x·Φ(x), with Φ the normal distribution function (Hendrycks and Gimpel 2016).
func GELU(s *Scope, x *G.Node) *G.Node { return Activate(s, x, ops.GELU) }

// ReLU is max(x, 0).
func ReLU(s *Scope, x *G.Node) *G.Node { return Activate(s, x, ops.ReLU) }

// SiLU is x·σ(x).
func SiLU(s *Scope, x *G.Node) *G.Node { return Activate(s, x, ops.SiLU) }

// Tanh is the hyperbolic tangent.
func Tanh(s *Scope, x *G.Node) *G.Node { return Activate(s, x, ops.Tanh) }

// Sigmoid is 1/(1+e⁻ˣ).
func Sigmoid(s *Scope, x *G.Node) *G.Node { return Activate(s, x, ops.Sigmoid) }

// Dropout zeroes a share p of x while training, and scales the rest by 1/(1−p)
// (Srivastava et al. 2014). Without noise in the frame it is x itself.
//
//	x: (B·T, D) → (B·T, D)
func Dropout(s *Scope, x *G.Node, p float64) *G.Node {
	return s.Must(ops.Dropout(s.At("dropout"), s.Drop("dropout", p), x))
}

// Residual adds what a sub-layer made of x to x, after dropout: x + Dropout(f), in one
// pass.
//
//	x, f: (B·T, D) → (B·T, D)
func Residual(s *Scope, x, f *G.Node, p float64) *G.Node {
	d := s.Drop("dropout", p)
	if d.P == 0 {
		return Add(s, x, f)
	}
	return s.Must(ops.AddDropped(s.At("residual"), d, x, f))
}
