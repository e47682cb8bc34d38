package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The ops below split sequences into steps, for recurrences that are written step by step.

// Row returns the t-th row of every sequence.
//
//	x: (B·T, D) → (B, D)
func Row(p Place, sequences, t int, x *G.Node) (*G.Node, error) {
	if x.Dims() != 2 || sequences < 1 || x.Shape()[0]%sequences != 0 || t < 0 || t >= x.Shape()[0]/sequences {
		return nil, fmt.Errorf("x is %v, want (%d·T, D) with a token %d", x.Shape(), sequences, t)
	}
	return apply(p, rowSpec[float32](sequences, t, x), rowSpec[float64](sequences, t, x), x)
}

func rowSpec[T Float](sequences, t int, x *G.Node) spec[T] {
	steps, d := x.Shape()[0]/sequences, x.Shape()[1]
	return spec[T]{
		shape: tensor.Shape{sequences, d},
		fwd: func(in []arg[T], y []T) {
			for b := range sequences {
				copy(nth(y, b, d), nth(in[0].X, b*steps+t, d))
			}
		},
		backs: []back[T]{{of: []int{0}, do: func(_ []arg[T], _, dy []T, g [][]T) {
			clear(g[0])
			for b := range sequences {
				copy(nth(g[0], b*steps+t, d), nth(dy, b, d))
			}
		}}},
	}
}

// Delay returns, for each row, the row before it in its sequence, padding included; for the
// first row it returns first.
//
//	x: (B·T, D), first: (B, D) → (B·T, D)
func Delay(p Place, sequences int, x, first *G.Node) (*G.Node, error) {
	if x.Dims() != 2 || sequences < 1 || x.Shape()[0]%sequences != 0 || !first.Shape().Eq(tensor.Shape{sequences, x.Shape()[1]}) {
		return nil, fmt.Errorf("x is %v and the first rows %v, want (%d·T, D) and (%d, D)", x.Shape(), first.Shape(), sequences, sequences)
	}
	return apply(p, delaySpec[float32](sequences, x), delaySpec[float64](sequences, x), x, first)
}

func delaySpec[T Float](sequences int, x *G.Node) spec[T] {
	n, d := x.Shape()[0]/sequences, x.Shape()[1]
	return spec[T]{
		shape: x.Shape(),
		fwd: func(in []arg[T], y []T) {
			for b := range sequences {
				copy(nth(y, b*n, d), nth(in[1].X, b, d))
				copy(y[(b*n+1)*d:(b+1)*n*d], in[0].X[b*n*d:])
			}
		},
		backs: []back[T]{
			{of: []int{0}, reads: []int{}, do: func(_ []arg[T], _, dy []T, g [][]T) {
				for b := range sequences {
					copy(g[0][b*n*d:((b+1)*n-1)*d], dy[(b*n+1)*d:])
					clear(nth(g[0], (b+1)*n-1, d))
				}
			}},
			{of: []int{1}, reads: []int{}, do: func(_ []arg[T], _, dy []T, g [][]T) {
				for b := range sequences {
					copy(nth(g[0], b, d), nth(dy, b*n, d))
				}
			}},
		},
	}
}

// StartState returns the rows of start for sequences whose first token has position 0, and
// those of prev for the others.
//
//	start, prev: (B, D), at: (B·T) int → (B, D)
func StartState(p Place, start, prev, at *G.Node) (*G.Node, error) {
	return choose(p, 0, start, prev, at, func(position int) bool { return position == 0 })
}

// choose returns the rows of a for sequences where first is true of the t-th token's position,
// and those of b for the others.
func choose(p Place, t int, a, b, at *G.Node, first func(position int) bool) (*G.Node, error) {
	if err := same(a, b); err != nil {
		return nil, err
	}
	if a.Dims() != 2 || at.Dtype() != tensor.Int || at.Dims() != 1 || at.Shape()[0]%a.Shape()[0] != 0 || t >= at.Shape()[0]/a.Shape()[0] {
		return nil, fmt.Errorf("the states are %v and positions %v of %v, want (B, D) and (B·T) of int with a token %d", a.Shape(), at.Shape(), at.Dtype(), t)
	}
	return apply(p, chooseSpec[float32](t, a, first), chooseSpec[float64](t, a, first), a, b, at)
}

func chooseSpec[T Float](t int, a *G.Node, first func(position int) bool) spec[T] {
	sequences, d := a.Shape()[0], a.Shape()[1]
	chosen := func(in []arg[T], b int) bool {
		at := in[2].I
		return first(at[b*(len(at)/sequences)+t])
	}
	part := func(i int, want bool) back[T] {
		return back[T]{of: []int{i}, do: func(in []arg[T], _, dy []T, g [][]T) {
			clear(g[0])
			for b := range sequences {
				if chosen(in, b) == want {
					copy(nth(g[0], b, d), nth(dy, b, d))
				}
			}
		}}
	}
	return spec[T]{
		shape: a.Shape(),
		fwd: func(in []arg[T], y []T) {
			for b := range sequences {
				from := in[1].X
				if chosen(in, b) {
					from = in[0].X
				}
				copy(nth(y, b, d), nth(from, b, d))
			}
		},
		backs: []back[T]{part(0, true), part(1, false)},
	}
}
