package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Rows returns rows from to to−1 of x: a part of a table. Token t of every sequence is not
// a range of rows; Recur takes one token after another.
//
//	x: (N, D) → (to−from, D)
func Rows(s *Scope, x *G.Node, from, to int) *G.Node {
	return s.Must(ops.RowsOf(s.At("rows"), x, from, to))
}

// Gather looks ids up in a table; an id of −1 gives a row of zeros.
//
//	table: (V, D), ids: (N) int → (N, D)
func Gather(s *Scope, table, ids *G.Node) *G.Node {
	return s.Must(ops.Gather(s.At("gather"), table, ids))
}

// Where returns a's row where mask is positive, and b's elsewhere.
//
//	mask: (N) or (N, 1) int, a, b: (N, D) → (N, D)
func Where(s *Scope, mask, a, b *G.Node) *G.Node { return s.Must(ops.Where(s.At("where"), mask, a, b)) }

// MaskRows returns x with zeros in the rows where mask is not positive. With s.CausalLengths() as
// the mask these are the rows of padding.
//
//	mask: (N) or (N, 1) int, x: (N, D) → (N, D)
func MaskRows(s *Scope, mask, x *G.Node) *G.Node {
	return s.Must(ops.MaskRows(s.At("mask_rows"), mask, x))
}

// TopKGate returns the softmax of each row's k largest values, and 0 elsewhere: the gate of
// a sparse mixture of experts (Shazeer et al. 2017, eq. 3 and 5, without noise). Of equal
// values those in lower columns come first. Only the chosen get gradients. Softmax with one
// head is the gate that chooses all.
//
//	x: (N, E) → (N, E)
func TopKGate(s *Scope, x *G.Node, k int) *G.Node { return s.Must(ops.TopKGate(s.At("gate"), x, k)) }
