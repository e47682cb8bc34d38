package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// extent is how an operand is broadcast to the (N, D) values of a result.
type extent int

const (
	whole  extent = iota // (N, D)
	row                  // (D) or (1, D): the same for every row
	column               // (N, 1): the same for every column
	single               // (1) or (1, 1): the same everywhere
)

// pair holds the sizes of an operation on two operands, at least one of which is whole.
type pair struct {
	shape tensor.Shape // of the result
	n, d  int          // rows, and values of each
	of    [2]extent
}

// pairOf returns how a and b are broadcast, or an error if their shapes do not fit.
func pairOf(a, b *G.Node) (pair, error) {
	x, y := a.Shape(), b.Shape()
	if x.Eq(y) {
		return pairIn(x, whole, whole), nil
	}
	if e, ok := extentIn(x, y); ok {
		return pairIn(x, whole, e), nil
	}
	if e, ok := extentIn(y, x); ok {
		return pairIn(y, e, whole), nil
	}
	if isRow(x) && isColumn(y) || isColumn(x) && isRow(y) {
		return pair{}, fmt.Errorf("the terms are %v and %v, a row and a column: one of them must have the full shape (N, D)", x, y)
	}
	return pair{}, fmt.Errorf("the terms are %v and %v, want equal shapes, or (N, D) and a row (D), a column (N, 1) or a single value (1, 1)", x, y)
}

func isRow(s tensor.Shape) bool { return s.Dims() == 1 || s.Dims() == 2 && s[0] == 1 }

func isColumn(s tensor.Shape) bool { return s.Dims() == 2 && s[1] == 1 }

func pairIn(full tensor.Shape, a, b extent) pair {
	p := pair{shape: full, n: 1, d: full.TotalSize(), of: [2]extent{a, b}}
	if full.Dims() > 0 {
		p.n, p.d = full[0], p.d/full[0]
	}
	return p
}

// extentIn returns how an operand of shape part is broadcast to full, and whether it can be.
func extentIn(full, part tensor.Shape) (extent, bool) {
	if full.Dims() != 2 || part.Dims() != 1 && part.Dims() != 2 {
		return 0, false
	}
	switch {
	case part.TotalSize() == 1:
		return single, true
	case isRow(part) && part.TotalSize() == full[1]:
		return row, true
	case isColumn(part) && part[0] == full[0]:
		return column, true
	}
	return 0, false
}

// rowOf returns row r of an operand broadcast as e, using scratch if all its values are equal.
func rowOf[T Float](e extent, x []T, r int, scratch []T) []T {
	switch d := len(scratch); e {
	case whole:
		return nth(x, r, d)
	case row:
		return x
	case column:
		return fill(scratch, x[r])
	}
	return fill(scratch, x[0])
}

func fill[T Float](x []T, v T) []T {
	for i := range x {
		x[i] = v
	}
	return x
}
