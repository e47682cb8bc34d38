package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// The functions below are elementwise: x has any shape, and the result has the same.

// Scale returns x·c.
func Scale(s *Scope, x *G.Node, c float64) *G.Node { return s.Must(ops.Scale(s.At("scale"), x, c)) }

// AddScalar returns x + c.
func AddScalar(s *Scope, x *G.Node, c float64) *G.Node {
	return s.Must(ops.AddScalar(s.At("add_scalar"), x, c))
}

// Neg returns −x.
func Neg(s *Scope, x *G.Node) *G.Node { return s.Must(ops.Scale(s.At("neg"), x, -1)) }

// OneMinus returns 1 − x, for a gate between two values: g⊙a + (1−g)⊙b.
func OneMinus(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.OneMinus, x) }

// Exp returns eˣ.
func Exp(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.Exp, x) }

// Log returns the natural logarithm: −∞ for 0, NaN for negative values.
func Log(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.Log, x) }

// Sqrt returns √x, whose derivative is infinite at 0.
func Sqrt(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.Sqrt, x) }

// Square returns x².
func Square(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.Square, x) }

// Abs returns |x|. Its derivative at 0 is 0.
func Abs(s *Scope, x *G.Node) *G.Node { return mapped(s, ops.Abs, x) }

// Clip returns x limited to lo…hi. The gradient is 0 outside.
func Clip(s *Scope, x *G.Node, lo, hi float64) *G.Node {
	return s.Must(ops.Clip(s.At("clip"), x, lo, hi))
}

// StopGradient returns x as a constant: no gradient flows back through it (van den Oord et al.
// 2017). A parameter that influences the loss only through it has a gradient of zero.
func StopGradient(s *Scope, x *G.Node) *G.Node {
	return s.Must(ops.StopGradient(s.At("stop_gradient"), x))
}

func mapped(s *Scope, f ops.Function, x *G.Node) *G.Node {
	return s.Must(ops.Map(s.At(string(f)), f, x))
}
