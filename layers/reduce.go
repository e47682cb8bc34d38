package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// SumRows, MeanRows and MaxRows reduce N rows to one, (1, D); SumColumns, MeanColumns and
// MaxColumns reduce D columns to one, (N, 1). Add, Sub, Mul and Div broadcast these results.
//
// The rows of an activation are the tokens of all sequences of the batch, padding included
// (MaskRows sets it to zero). So a reduction over rows mixes sequences: its result depends on
// the other sequences of the batch, and each shard of a batch has its own. Use it for parameters
// and batch statistics, not for values that a model decodes from.

// SumRows returns the sum of x's rows.
//
//	x: (N, D) → (1, D)
func SumRows(s *Scope, x *G.Node) *G.Node { return s.Must(ops.SumRows(s.At("sum_rows"), x)) }

// MeanRows returns the mean of x's rows.
//
//	x: (N, D) → (1, D)
func MeanRows(s *Scope, x *G.Node) *G.Node { return s.Must(ops.MeanRows(s.At("mean_rows"), x)) }

// MaxRows returns the maximum of each column. The gradient goes to the first row that
// has it.
//
//	x: (N, D) → (1, D)
func MaxRows(s *Scope, x *G.Node) *G.Node { return s.Must(ops.MaxRows(s.At("max_rows"), x)) }

// SumColumns returns the sum of each row's values.
//
//	x: (N, D) → (N, 1)
func SumColumns(s *Scope, x *G.Node) *G.Node { return s.Must(ops.SumColumns(s.At("sum_columns"), x)) }

// MeanColumns returns the mean of each row's values.
//
//	x: (N, D) → (N, 1)
func MeanColumns(s *Scope, x *G.Node) *G.Node {
	return s.Must(ops.MeanColumns(s.At("mean_columns"), x))
}

// MaxColumns returns the maximum of each row. The gradient goes to the first column
// that has it.
//
//	x: (N, D) → (N, 1)
func MaxColumns(s *Scope, x *G.Node) *G.Node { return s.Must(ops.MaxColumns(s.At("max_columns"), x)) }
