package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Concat returns a matrix with the columns of all xs, in order.
//
//	xs: (N, D₁), (N, D₂), … → (N, D₁+D₂+…)
func Concat(s *Scope, xs ...*G.Node) *G.Node { return s.Must(ops.Concat(s.At("concat"), xs...)) }

// Columns returns columns from to to−1 of x.
//
//	x: (N, D) → (N, to−from)
func Columns(s *Scope, x *G.Node, from, to int) *G.Node {
	return s.Must(ops.Columns(s.At("columns"), x, from, to))
}
