package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Rows returns rows from to to−1 of x, such as a part of a table. The t-th tokens of all
// sequences are not contiguous rows: use Recur to compute token by token.
//
//	x: (N, D) → (to−from, D)
func Rows(s *Scope, x *G.Node, from, to int) *G.Node {
	return s.Must(ops.RowsOf(s.At("rows"), x, from, to))
}

// Gather returns the rows of a table with the given ids, and zeros for an id of −1.
//
//	table: (V, D), ids: (N) int → (N, D)
func Gather(s *Scope, table, ids *G.Node) *G.Node {
	return s.Must(ops.Gather(s.At("gather"), table, ids))
}

// Where returns the rows of a where mask is positive, and the rows of b where it is not.
//
//	mask: (N) or (N, 1) int, a, b: (N, D) → (N, D)
func Where(s *Scope, mask, a, b *G.Node) *G.Node { return s.Must(ops.Where(s.At("where"), mask, a, b)) }

// MaskRows returns x with zeros in the rows where mask is not positive. With the mask
// s.CausalLengths() these are the rows of padding.
//
//	mask: (N) or (N, 1) int, x: (N, D) → (N, D)
func MaskRows(s *Scope, mask, x *G.Node) *G.Node {
	return s.Must(ops.MaskRows(s.At("mask_rows"), mask, x))
}

// TopKGate returns the softmax over each row's k largest values, and 0 in the other columns: the
// gate of a sparse mixture of experts (Shazeer et al. 2017, eq. 3 and 5, without noise). Of
// equal values the lower column comes first. Only the k values get gradients. For a dense gate
// use Softmax with one head.
//
//	x: (N, E) → (N, E)
func TopKGate(s *Scope, x *G.Node, k int) *G.Node { return s.Must(ops.TopKGate(s.At("gate"), x, k)) }
