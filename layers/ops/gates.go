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
			before := make([]T, s.rows()*h)
			for seq := range s.Sequences {
				copy(before[s.row(0, seq)*h:][:h], in[2].X[seq*2*h:])
				for k := 1; k < s.steps; k++ {
					copy(before[s.row(k, seq)*h:][:h], in[3].X[s.row(k-1, seq)*2*h:])
				}
			}
			copy(y, in[0].X)
			matmul.Gemm(false, false, s.rows(), 4*h, h, 1, before, h, in[1].X, 4*h, 1, y, 4*h)
			for r := range s.rows() {
				row := y[r*4*h : (r+1)*4*h]
				vec.Sigmoid(row[:2*h], row[:2*h])
				vec.Tanh(row[2*h:3*h], row[2*h:3*h])
				vec.Sigmoid(row[3*h:], row[3*h:])
			}
		},
	}
}
