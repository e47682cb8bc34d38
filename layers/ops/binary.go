package ops

import (
	G "gorgonia.org/gorgonia"

	"euryale/internal/kernel/vec"
)

// Add, Sub, Mul and Div take operands of one shape, or broadcast one of them to (N, D): a row
// (D) or (1, D), a column (N, 1), or a single value (1) or (1, 1). The gradient of a broadcast
// operand is the sum over the values that it was broadcast to.

// Sub returns a − b.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Sub(p Place, a, b *G.Node) (*G.Node, error) {
	g, err := pairOf(a, b)
	if err != nil {
		return nil, err
	}
	y, err := apply(p, sumSpec[float32](g, -1), sumSpec[float64](g, -1), a, b)
	return byRows(y, err, func(in G.Nodes) (*G.Node, error) { return Sub(p, in[0], in[1]) })
}

// Div returns the elementwise quotient a ⊘ b.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Div(p Place, a, b *G.Node) (*G.Node, error) {
	g, err := pairOf(a, b)
	if err != nil {
		return nil, err
	}
	y, err := apply(p, divSpec[float32](p.Tape, g), divSpec[float64](p.Tape, g), a, b)
	return byRows(y, err, func(in G.Nodes) (*G.Node, error) { return Div(p, in[0], in[1]) })
}

// compute writes y = f(a, b) row by row. In f, y may be the same slice as a or b.
func compute[T Float](g pair, f func(y, a, b []T), y, a, b []T) {
	if g.of[0] == whole && g.of[1] == whole {
		pieces(len(y), func(from, to int) { f(y[from:to], a[from:to], b[from:to]) })
		return
	}
	each(g.n, g.d, func(r int) {
		y := nth(y, r, g.d)
		f(y, rowOf(g.of[0], a, r, y), rowOf(g.of[1], b, r, y))
	})
}

// reduce writes to sum the sum of x ⊙ w, or of x if w is nil, over the values that an operand
// of extent e was broadcast to: its gradient. Scratch has room for a row of D products.
func reduce[T Float](e extent, g pair, sum, x, w, scratch []T) {
	n, d := g.n, g.d
	if e == single {
		n, d = 1, n*d
	}
	switch {
	case e == row && w == nil:
		vec.ColumnSums(sum, x, n, d, d)
	case e == row:
		clear(sum)
		for r := range n {
			vec.Mul(scratch, nth(x, r, d), nth(w, r, d))
			vec.Add(sum, sum, scratch)
		}
	case w == nil:
		each(n, d, func(r int) { sum[r] = T(vec.Sum(nth(x, r, d))) })
	default:
		each(n, d, func(r int) { sum[r] = T(vec.Dot(nth(x, r, d), nth(w, r, d))) })
	}
}

// sumSpec defines a + b, or a − b if sign is −1, with broadcasting.
func sumSpec[T Float](g pair, sign T) spec[T] {
	f := vec.Add[T]
	if sign < 0 {
		f = vec.Sub[T]
	}
	s := spec[T]{shape: g.shape, fwd: func(in []arg[T], y []T) { compute(g, f, y, in[0].X, in[1].X) }}
	for i, e := range g.of {
		factor := []T{1, sign}[i]
		switch {
		case e == whole && factor > 0:
			s.pass = append(s.pass, i)
		case e == whole:
			s.backs = append(s.backs, back[T]{of: []int{i}, reads: []int{}, do: func(_ []arg[T], _, dy []T, dx [][]T) { vec.Scale(dx[0], dy, factor) }})
		default:
			s.backs = append(s.backs, back[T]{of: []int{i}, reads: []int{}, do: func(_ []arg[T], _, dy []T, dx [][]T) {
				reduce(e, g, dx[0], dy, nil, nil)
				vec.Scale(dx[0], dx[0], factor)
			}})
		}
	}
	return s
}

// productSpec defines a ⊙ b with broadcasting.
func productSpec[T Float](g pair) spec[T] {
	scratch := make([]T, g.d)
	s := spec[T]{shape: g.shape, fwd: func(in []arg[T], y []T) { compute(g, vec.Mul[T], y, in[0].X, in[1].X) }}
	for i, e := range g.of {
		other := 1 - i
		do := func(in []arg[T], _, dy []T, dx [][]T) { reduce(e, g, dx[0], dy, in[other].X, scratch) }
		if e == whole {
			with := g
			with.of = [2]extent{whole, g.of[other]}
			do = func(in []arg[T], _, dy []T, dx [][]T) { compute(with, vec.Mul[T], dx[0], dy, in[other].X) }
		}
		s.backs = append(s.backs, back[T]{of: []int{i}, reads: []int{other}, do: do})
	}
	return s
}

func divide[T Float](y, a, b []T) {
	for i, v := range a {
		y[i] = v / b[i]
	}
}

// divSpec defines a ⊘ b, with the gradients dy/b and −dy·y/b.
func divSpec[T Float](tape *Tape, g pair) spec[T] {
	over := g
	over.of[0] = whole // dy is
	scratch := make([]T, g.d)
	var quotients []T // dy/b, if a is broadcast
	return spec[T]{
		shape: g.shape,
		fwd:   func(in []arg[T], y []T) { compute(g, divide[T], y, in[0].X, in[1].X) },
		backs: []back[T]{
			{of: []int{0}, reads: []int{1}, do: func(in []arg[T], _, dy []T, dx [][]T) {
				if g.of[0] == whole {
					compute(over, divide[T], dx[0], dy, in[1].X)
					return
				}
				if quotients == nil {
					quotients = claim[T](tape, g.n*g.d)
				}
				compute(over, divide[T], quotients, dy, in[1].X)
				reduce(g.of[0], g, dx[0], quotients, nil, nil)
			}},
			{of: []int{1}, do: func(in []arg[T], y, dy []T, dx [][]T) {
				if g.of[1] == whole {
					vec.Mul(dx[0], dy, y)
				} else {
					reduce(g.of[1], g, dx[0], dy, y, scratch)
				}
				b := in[1].X
				pieces(len(b), func(from, to int) {
					for i := from; i < to; i++ {
						dx[0][i] /= -b[i]
					}
				})
			}},
		},
	}
}
