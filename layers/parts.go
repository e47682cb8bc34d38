package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Concat puts the columns of matrices side by side.
//
//	xs: (N, D₁), (N, D₂), … → (N, D₁+D₂+…)
func Concat(s *Scope, xs ...*G.Node) *G.Node { return s.Must(ops.Concat(s.At("concat"), xs...)) }

// Columns are columns from to to−1 of x.
//
//	x: (N, D) → (N, to−from)
func Columns(s *Scope, x *G.Node, from, to int) *G.Node {
	return s.Must(ops.Columns(s.At("columns"), x, from, to))
}
