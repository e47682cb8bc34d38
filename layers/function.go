package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// These are functions of each value: x has any shape, and the result has the same.

// Scale returns x·c.
func Scale(s *Scope, x *G.Node, c float64) *G.Node { return s.Must(ops.Scale(s.At("scale"), x, c)) }

// AddScalar returns x + c.
func AddScalar(s *Scope, x *G.Node, c float64) *G.Node {
	return s.Must(ops.AddScalar(s.At("add_scalar"), x, c))
}

// Neg returns −x.
func Neg(s *Scope, x *G.Node) *G.Node { return s.Must(ops.Scale(s.At("neg"), x, -1)) }

// OneMinus returns 1 − x: the other side of a gate.
func OneMinus(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.OneMinus, x) }

// Exp returns eˣ.
func Exp(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.Exp, x) }

// Log returns the natural logarithm: −∞ of 0, NaN of what is less.
func Log(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.Log, x) }

// Sqrt returns √x, whose derivative is infinite at 0.
func Sqrt(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.Sqrt, x) }

// Square returns x².
func Square(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.Square, x) }

// Abs returns |x|. Its derivative at 0 is 0.
func Abs(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.Abs, x) }

// Clip returns x, or lo where x is less, or hi where it is more. There the gradient is 0.
func Clip(s *Scope, x *G.Node, lo, hi float64) *G.Node {
	return s.Must(ops.Clip(s.At("clip"), x, lo, hi))
}

// StopGradient returns x as if it were a constant: no gradient reaches what x was computed
// from through it (the stop-gradient of van den Oord et al. 2017). A parameter that reaches
// the loss only through it has a gradient of zero.
func StopGradient(s *Scope, x *G.Node) *G.Node {
	return s.Must(ops.StopGradient(s.At("stop_gradient"), x))
}

func mapped(s *Scope, f ops.Function, x *G.Node) *G.Node {
	return s.Must(ops.Map(s.At(string(f)), f, x))
}
