package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Concat puts the columns of matrices side by side.
//
//	xs: (N, D₁), (N, D₂), … → (N, D₁+D₂+…)
func Concat(s *Scope, xs ...*G.Node) *G.Node { return s.Must(ops.Concat(s.at("concat"), xs...)) }

// Columns are columns from to to−1 of x.
//
//	x: (N, D) → (N, to−from)
func Columns(s *Scope, x *G.Node, from, to int) *G.Node {
	return s.Must(ops.Columns(s.at("columns"), x, from, to))
}

// Together puts what a step made of each token into one sequence.
//
//	T times x: (B, D) → (B·T, D)
func Together(s *Scope, xs ...*G.Node) *G.Node { return s.Must(ops.Rows(s.at("rows"), xs...)) }
