package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
)

// SumRows returns the sum of x's rows.
//
//	x: (N, D) → (1, D)
func SumRows(p Place, x *G.Node) (*G.Node, error) { return sums(p, row, false, x) }

// MeanRows returns the mean of x's rows.
//
//	x: (N, D) → (1, D)
func MeanRows(p Place, x *G.Node) (*G.Node, error) { return sums(p, row, true, x) }

// SumColumns returns the sum of each row's values.
//
//	x: (N, D) → (N, 1)
func SumColumns(p Place, x *G.Node) (*G.Node, error) { return sums(p, column, false, x) }

// MeanColumns returns the mean of each row's values.
//
//	x: (N, D) → (N, 1)
func MeanColumns(p Place, x *G.Node) (*G.Node, error) { return sums(p, column, true, x) }

// MaxRows returns the maximum of each column. The gradient goes to the first row that has it.
//
//	x: (N, D) → (1, D)
func MaxRows(p Place, x *G.Node) (*G.Node, error) { return largest(p, row, x) }

// MaxColumns returns the maximum of each row. The gradient goes to the first column that has it.
//
//	x: (N, D) → (N, 1)
func MaxColumns(p Place, x *G.Node) (*G.Node, error) { return largest(p, column, x) }

// reduced returns the sizes and the result's shape of a reduction of x to a row or a column.
func reduced(e extent, x *G.Node) (g pair, shape tensor.Shape, err error) {
	if x.Dims() != 2 {
		return g, nil, fmt.Errorf("x is %v, want (N, D)", x.Shape())
	}
	g = pairIn(x.Shape(), whole, whole)
	if e == row {
		return g, tensor.Shape{1, g.d}, nil
	}
	return g, tensor.Shape{g.n, 1}, nil
}

func sums(p Place, e extent, mean bool, x *G.Node) (*G.Node, error) {
	g, shape, err := reduced(e, x)
	if err != nil {
		return nil, err
	}
	factor := 1.0
	if mean {
		factor = float64(shape.TotalSize()) / float64(g.n*g.d)
	}
	return apply(p, sumsSpec(e, g, shape, float32(factor)), sumsSpec(e, g, shape, factor), x)
}

func sumsSpec[T Float](e extent, g pair, shape tensor.Shape, factor T) spec[T] {
	return spec[T]{
		shape: shape,
		fwd: func(in []arg[T], y []T) {
			reduce(e, g, y, in[0].X, nil, nil)
			vec.Scale(y, y, factor)
		},
		backs: []back[T]{{of: []int{0}, reads: []int{}, do: func(_ []arg[T], _, dy []T, dx [][]T) {
			each(g.n, g.d, func(r int) {
				dst := nth(dx[0], r, g.d)
				vec.Scale(dst, rowOf(e, dy, r, dst), factor)
			})
		}}},
	}
}

func largest(p Place, e extent, x *G.Node) (*G.Node, error) {
	g, shape, err := reduced(e, x)
	if err != nil {
		return nil, err
	}
	return apply(p, largestSpec[float32](e, g, shape), largestSpec[float64](e, g, shape), x)
}

func largestSpec[T Float](e extent, g pair, shape tensor.Shape) spec[T] {
	at := make([]int, shape.TotalSize()) // index in x of each maximum
	return spec[T]{
		shape: shape,
		fwd: func(in []arg[T], y []T) {
			x := in[0].X
			for i := range at {
				at[i] = i // in the first row
				if e == column {
					at[i] = i * g.d // in the first column
				}
			}
			for r := range g.n {
				for c, v := range nth(x, r, g.d) {
					i := r
					if e == row {
						i = c
					}
					if above(v, x[at[i]]) {
						at[i] = r*g.d + c
					}
				}
			}
			for i, j := range at {
				y[i] = x[j]
			}
		},
		// It reads the output, so that it runs after the forward op, which sets at.
		backs: []back[T]{{of: []int{0}, do: func(_ []arg[T], _, dy []T, dx [][]T) {
			clear(dx[0])
			for i, j := range at {
				dx[0][j] = dy[i]
			}
		}}},
	}
}

// above reports whether a is larger than b; NaN is larger than all numbers.
func above[T Float](a, b T) bool { return a > b || a != a && b == b }
