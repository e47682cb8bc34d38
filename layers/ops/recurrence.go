package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/internal/kernel/vec"
)

// LinearRecurrence returns h_t = a_t ⊙ h_{t−1} + b_t of every sequence, starting from prev
// (Martin and Cundy 2018, eq. 1). Rows of padding keep the state.
//
//	a, b: (B·T, D), prev: (B, D), at: (B·T) int → (B·T, D) h after each token
func LinearRecurrence(p Place, sequences int, a, b, prev, at *G.Node) (*G.Node, error) {
	s, err := oneState(sequences, b, prev, at)
	if err == nil && !a.Shape().Eq(b.Shape()) {
		err = fmt.Errorf("a is %v and b %v, want one shape", a.Shape(), b.Shape())
	}
	if err != nil {
		return nil, err
	}
	return apply(p, recurrenceSpec[float32](s, true), recurrenceSpec[float64](s, true), b, prev, at, a)
}

// CumSum returns prev plus the sum of each sequence's rows up to each token. Rows of padding
// keep the sum.
//
//	x: (B·T, D), prev: (B, D), at: (B·T) int → (B·T, D)
func CumSum(p Place, sequences int, x, prev, at *G.Node) (*G.Node, error) {
	s, err := oneState(sequences, x, prev, at)
	if err != nil {
		return nil, err
	}
	return apply(p, recurrenceSpec[float32](s, false), recurrenceSpec[float64](s, false), x, prev, at)
}

// recurrenceSpec defines h_t = a_t ⊙ h_{t−1} + b_t, or h_t = h_{t−1} + b_t if it is not gated.
// The inputs are b, prev, at and, if gated, a.
func recurrenceSpec[T Float](s layout, gated bool) spec[T] {
	b := back[T]{of: []int{0, 1}, reads: []int{1, 2}, do: func(in []arg[T], y, dy []T, g [][]T) { recurrenceBack(s, in, y, dy, g) }}
	if gated {
		b.of, b.reads = []int{0, 1, 3}, nil
	}
	return spec[T]{
		shape: s.shape(),
		fwd: func(in []arg[T], y []T) {
			s.eachChunk(func(seq, from, to int) {
				h := in[1].X[seq*s.width:][from:to]
				for t := range s.steps {
					r := s.row(seq, t)
					next := y[r+from : r+to]
					switch {
					case in[2].I[seq*s.steps+t] < 0:
						copy(next, h)
					case gated:
						vec.Mul(next, in[3].X[r+from:r+to], h)
						vec.Add(next, next, in[0].X[r+from:r+to])
					default:
						vec.Add(next, h, in[0].X[r+from:r+to])
					}
					h = next
				}
			})
		},
		backs: []back[T]{b},
	}
}

// recurrenceBack goes from the last token to the first. It keeps the gradient of h in the
// gradient of prev.
func recurrenceBack[T Float](s layout, in []arg[T], y, dy []T, g [][]T) {
	s.eachChunk(func(seq, from, to int) {
		prev, dh := in[1].X[seq*s.width:][from:to], g[1][seq*s.width:][from:to]
		clear(dh)
		for t := s.steps - 1; t >= 0; t-- {
			r := s.row(seq, t)
			vec.Add(dh, dh, dy[r+from:r+to])
			padded := in[2].I[seq*s.steps+t] < 0
			if padded {
				clear(g[0][r+from : r+to])
			} else {
				copy(g[0][r+from:r+to], dh)
			}
			switch {
			case len(g) < 3:
			case padded:
				clear(g[2][r+from : r+to])
			default:
				before := prev
				if t > 0 {
					before = y[r-s.width+from : r-s.width+to]
				}
				vec.Mul(g[2][r+from:r+to], dh, before)
				vec.Mul(dh, dh, in[3].X[r+from:r+to])
			}
		}
	})
}
