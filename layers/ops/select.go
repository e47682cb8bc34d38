package ops

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Concat returns a matrix with the columns of all xs, in order.
//
//	xs: (N, D₁), (N, D₂), … → (N, D₁+D₂+…)
func Concat(p Place, xs ...*G.Node) (*G.Node, error) {
	if len(xs) == 0 {
		return nil, errors.New("there are no parts, want at least one matrix")
	}
	var shapes []tensor.Shape
	fits := true
	for _, x := range xs {
		shapes = append(shapes, x.Shape())
		fits = fits && x.Dims() == 2 && x.Shape()[0] == xs[0].Shape()[0]
	}
	if !fits {
		return nil, fmt.Errorf("the parts are %v, want matrices with equal numbers of rows", shapes)
	}
	return apply(p, concatSpec[float32](shapes), concatSpec[float64](shapes), xs...)
}

func concatSpec[T Float](parts []tensor.Shape) spec[T] {
	n, width := parts[0][0], 0
	for _, part := range parts {
		width += part[1]
	}
	s := spec[T]{shape: tensor.Shape{n, width}}
	from := 0
	for i, part := range parts {
		at, d := from, part[1]
		s.backs = append(s.backs, back[T]{of: []int{i}, reads: []int{}, do: func(_ []arg[T], _, dy []T, dx [][]T) {
			for r := range n {
				copy(nth(dx[0], r, d), dy[r*width+at:])
			}
		}})
		from += d
	}
	s.fwd = func(in []arg[T], y []T) {
		at := 0
		for i, part := range parts {
			for r := range n {
				copy(y[r*width+at:], nth(in[i].X, r, part[1]))
			}
			at += part[1]
		}
	}
	return s
}

// RowsOf returns a copy of rows from to to−1 of x.
//
//	x: (N, D) → (to−from, D)
func RowsOf(p Place, x *G.Node, from, to int) (*G.Node, error) {
	if x.Dims() != 2 || from < 0 || from >= to || to > x.Shape()[0] {
		return nil, fmt.Errorf("x is %v, want a matrix with rows %d to %d", x.Shape(), from, to)
	}
	return apply(p, rowsOfSpec[float32](x, from, to), rowsOfSpec[float64](x, from, to), x)
}

func rowsOfSpec[T Float](x *G.Node, from, to int) spec[T] {
	d := x.Shape()[1]
	return spec[T]{
		shape: tensor.Shape{to - from, d},
		fwd:   func(in []arg[T], y []T) { copy(y, in[0].X[from*d:to*d]) },
		backs: []back[T]{{of: []int{0}, reads: []int{}, do: func(_ []arg[T], _, dy []T, dx [][]T) {
			clear(dx[0])
			copy(dx[0][from*d:to*d], dy)
		}}},
	}
}

// Where returns the rows of a where mask is positive, and the rows of b where it is not.
//
//	mask: (N) or (N, 1) int, a, b: (N, D) → (N, D)
func Where(p Place, mask, a, b *G.Node) (*G.Node, error) {
	if err := same(a, b); err != nil {
		return nil, err
	}
	if err := masks(mask, a); err != nil {
		return nil, err
	}
	return apply(p, whereSpec[float32](a), whereSpec[float64](a), a, mask, b)
}

// MaskRows returns x with zeros in the rows where mask is not positive.
//
//	mask: (N) or (N, 1) int, x: (N, D) → (N, D)
func MaskRows(p Place, mask, x *G.Node) (*G.Node, error) {
	if err := masks(mask, x); err != nil {
		return nil, err
	}
	s, d := whereSpec[float32](x), whereSpec[float64](x)
	s.backs, d.backs = s.backs[:1], d.backs[:1]
	return apply(p, s, d, x, mask)
}

func masks(mask, x *G.Node) error {
	if x.Dims() != 2 || mask.Dtype() != tensor.Int || mask.Dims() > 2 || mask.Shape().TotalSize() != x.Shape()[0] || mask.Shape()[0] != x.Shape()[0] {
		return fmt.Errorf("the mask is %v of %v and the rows are %v, want (N) or (N, 1) of int and (N, D)", mask.Shape(), mask.Dtype(), x.Shape())
	}
	return nil
}

// whereSpec selects between the rows of input 0 and those of input 2, or zeros if there are
// only two inputs.
func whereSpec[T Float](x *G.Node) spec[T] {
	n, d := x.Shape()[0], x.Shape()[1]
	choose := func(y []T, mask []int, a, b []T) {
		for r := range n {
			switch {
			case mask[r] > 0 && a != nil:
				copy(nth(y, r, d), nth(a, r, d))
			case mask[r] <= 0 && b != nil:
				copy(nth(y, r, d), nth(b, r, d))
			default:
				clear(nth(y, r, d))
			}
		}
	}
	return spec[T]{
		shape: x.Shape(),
		fwd: func(in []arg[T], y []T) {
			var b []T
			if len(in) > 2 {
				b = in[2].X
			}
			choose(y, in[1].I, in[0].X, b)
		},
		backs: []back[T]{
			{of: []int{0}, reads: []int{1}, do: func(in []arg[T], _, dy []T, dx [][]T) { choose(dx[0], in[1].I, dy, nil) }},
			{of: []int{2}, reads: []int{1}, do: func(in []arg[T], _, dy []T, dx [][]T) { choose(dx[0], in[1].I, nil, dy) }},
		},
	}
}
