package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Join puts the columns of two matrices side by side.
//
//	a: (N, D), b: (N, E) → (N, D+E)
func Join(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Join(s.At("join"), a, b)) }

// Columns are columns from to to−1 of x.
//
//	x: (N, D) → (N, to−from)
func Columns(s *Scope, x *G.Node, from, to int) *G.Node {
	return s.Must(ops.Columns(s.At("columns"), x, from, to))
}
