package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Activation is an elementwise activation function, by name.
type Activation = ops.Activation

// Activate applies act to every value of x: "relu", "gelu", "gelu_tanh", "silu", "tanh"
// or "sigmoid".
//
//	x: (N, D) → (N, D)
func Activate(s *Scope, x *G.Node, act Activation) *G.Node {
	return s.Must(ops.Activate(s.At("activation"), act, x))
}

// GELU returns x·Φ(x), with Φ the normal distribution function (Hendrycks and Gimpel 2016).
func GELU(s *Scope, x *G.Node) *G.Node { return Activate(s, x, ops.GELU) }

// ReLU returns max(x, 0).
func ReLU(s *Scope, x *G.Node) *G.Node { return Activate(s, x, ops.ReLU) }

// SiLU returns x·σ(x).
func SiLU(s *Scope, x *G.Node) *G.Node { return Activate(s, x, ops.SiLU) }

// Tanh returns tanh(x).
func Tanh(s *Scope, x *G.Node) *G.Node { return Activate(s, x, ops.Tanh) }

// Sigmoid returns 1/(1+e⁻ˣ).
func Sigmoid(s *Scope, x *G.Node) *G.Node { return Activate(s, x, ops.Sigmoid) }

// Dropout zeroes each value of x with probability p and scales the others by 1/(1−p)
// (Srivastava et al. 2014). It returns x if the frame has no Noise, as in evaluation.
//
//	x: (B·T, D) → (B·T, D)
func Dropout(s *Scope, x *G.Node, p float64) *G.Node {
	return s.Must(ops.Dropout(s.At("dropout"), s.Drop("dropout", p), x))
}

// Residual returns x + Dropout(f), where f is the result of a sub-layer, in one pass over
// memory.
//
//	x, f: (B·T, D) → (B·T, D)
func Residual(s *Scope, x, f *G.Node, p float64) *G.Node {
	d := s.Drop("dropout", p)
	if d.P == 0 {
		return Add(s, x, f)
	}
	return s.Must(ops.AddDropped(s.At("residual"), d, x, f))
}

// SoftCap keeps values between −c and c: c·tanh(x/c), as for logits (Bello et al. 2016; Gemma Team
// 2024).
func SoftCap(s *Scope, x *G.Node, c float64) *G.Node {
	s = s.Sub("cap")
	return s.Out(Scale(s.Sub("out"), Tanh(s, Scale(s.Sub("in"), x, 1/c)), c))
}
