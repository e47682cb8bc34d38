package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Dense is a linear layer that can be applied several times with the same parameters.
type Dense struct {
	s    *Scope
	act  Activation
	w, b *G.Node
}

// NewDense declares W (in, out) and b (out), with the initial values of Linear.
func NewDense(s *Scope, in, out int, act Activation) *Dense {
	return &Dense{s, act, s.Param("W", matrixInit(s, in, false), in, out), biasParam(s, out)}
}

// Apply returns act(x·W + b).
//
//	x: (N, in) → (N, out)
func (d *Dense) Apply(x *G.Node) *G.Node {
	return d.s.Must(ops.Linear(d.s.At("dense"), d.act, x, d.w, d.b))
}
