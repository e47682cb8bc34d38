package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/vec"
)

// LSTMGates returns the gates of an LSTM at each token, recomputed from its states, for
// display. It has no derivative.
//
//	i|f|g|o = σ|σ|tanh|σ(z + h·W), with h of the token before
//
// Rows of padding are undefined.
//
//	z: (B·T, 4H), W: (H, 4H), prev: (B, 2H) h|c, states: (B·T, 2H) → (B·T, 4H)
func LSTMGates(p Place, c Scan, z, w, prev, states *G.Node) (*G.Node, error) {
	h := w.Shape()[0]
	if z.Dims() != 2 || c.Sequences < 1 || z.Shape()[0]%c.Sequences != 0 || z.Shape()[1] != 4*h || w.Shape()[1] != 4*h ||
		!states.Shape().Eq(tensor.Shape{z.Shape()[0], 2 * h}) || !prev.Shape().Eq(tensor.Shape{c.Sequences, 2 * h}) {
		return nil, fmt.Errorf("z is %v, W %v, the state %v and the states %v, want (%d·T, 4H), (H, 4H), (%d, 2H) and (%d·T, 2H)",
			z.Shape(), w.Shape(), prev.Shape(), states.Shape(), c.Sequences, c.Sequences, c.Sequences)
	}
	s := scan{c, z.Shape()[0] / c.Sequences, h}
	return apply(p, gatesSpec[float32](s), gatesSpec[float64](s), z, w, prev, states)
}

func gatesSpec[T Float](s scan) spec[T] {
	h := s.hidden
	return spec[T]{
		shape: tensor.Shape{s.rows(), 4 * h},
		fwd: func(in []arg[T], y []T) {
			copy(y, in[0].X)
			matmul.Gemm(false, false, s.rows(), 4*h, h, 1, before(s, in[2].X, in[3].X, 2*h), h, in[1].X, 4*h, 1, y, 4*h)
			for r := range s.rows() {
				row := y[r*4*h : (r+1)*4*h]
				vec.Sigmoid(row[:2*h], row[:2*h])
				vec.Tanh(row[2*h:3*h], row[2*h:3*h])
				vec.Sigmoid(row[3*h:], row[3*h:])
			}
		},
	}
}

// before returns h (B·T, H) before each token, from the initial state prev (B, width) and the states
// (B·T, width) after each token, whose first H columns are h.
func before[T Float](s scan, prev, states []T, width int) []T {
	h := s.hidden
	x := make([]T, s.rows()*h)
	for seq := range s.Sequences {
		copy(x[s.row(0, seq)*h:][:h], prev[seq*width:])
		for k := 1; k < s.steps; k++ {
			copy(x[s.row(k, seq)*h:][:h], states[s.row(k-1, seq)*width:])
		}
	}
	return x
}

// GRUGates returns the gates of a GRU at each token, recomputed from its states, for display. It has
// no derivative.
//
//	r|z|n = σ(x+h')|σ(x+h')|tanh(x + r⊙h'), with h' = h·W + b of the token before
//
// Rows of padding are undefined.
//
//	x: (B·T, 3H), W: (H, 3H), b: (3H) or nil, prev: (B, H), states: (B·T, H) → (B·T, 3H)
func GRUGates(p Place, c Scan, x, w, b, prev, states *G.Node) (*G.Node, error) {
	h := w.Shape()[0]
	if x.Dims() != 2 || c.Sequences < 1 || x.Shape()[0]%c.Sequences != 0 || x.Shape()[1] != 3*h || w.Shape()[1] != 3*h ||
		!states.Shape().Eq(tensor.Shape{x.Shape()[0], h}) || !prev.Shape().Eq(tensor.Shape{c.Sequences, h}) {
		return nil, fmt.Errorf("x is %v, W %v, the state %v and the states %v, want (%d·T, 3H), (H, 3H), (%d, H) and (%d·T, H)",
			x.Shape(), w.Shape(), prev.Shape(), states.Shape(), c.Sequences, c.Sequences, c.Sequences)
	}
	s := scan{c, x.Shape()[0] / c.Sequences, h}
	in := G.Nodes{x, w, prev, states}
	if b != nil {
		in = append(in, b)
	}
	return apply(p, gruGatesSpec[float32](s), gruGatesSpec[float64](s), in...)
}

func gruGatesSpec[T Float](s scan) spec[T] {
	h := s.hidden
	return spec[T]{
		shape: tensor.Shape{s.rows(), 3 * h},
		fwd: func(in []arg[T], y []T) {
			hidden := make([]T, s.rows()*3*h)
			matmul.Gemm(false, false, s.rows(), 3*h, h, 1, before(s, in[2].X, in[3].X, h), h, in[1].X, 3*h, 0, hidden, 3*h)
			copy(y, in[0].X)
			for r := range s.rows() {
				row, add := nth(y, r, 3*h), nth(hidden, r, 3*h)
				if len(in) > 4 {
					vec.Add(add, add, in[4].X)
				}
				vec.Add(row[:2*h], row[:2*h], add[:2*h])
				vec.Sigmoid(row[:2*h], row[:2*h])
				vec.Mul(add[2*h:], add[2*h:], row[:h])
				vec.Add(row[2*h:], row[2*h:], add[2*h:])
				vec.Tanh(row[2*h:], row[2*h:])
			}
		},
	}
}
