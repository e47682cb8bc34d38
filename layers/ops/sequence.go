package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// sequences is the geometry of rows that are B sequences of T tokens, and of what they
// carry. A row whose position is −1 is padding: it changes nothing for the others.
type sequences struct{ lanes, steps, width int }

// sequencesOf checks that x is (B·T, D), prev (B, n·D) and at (B·T), and returns n.
func sequencesOf(lanes int, x, prev, at *G.Node) (s sequences, n int, err error) {
	if x.Dims() != 2 || lanes < 1 || x.Shape()[0]%lanes != 0 || prev.Dims() != 2 || prev.Shape()[0] != lanes ||
		prev.Shape()[1]%x.Shape()[1] != 0 || at.Dtype() != tensor.Int || !at.Shape().Eq(tensor.Shape{x.Shape()[0]}) {
		return s, 0, fmt.Errorf("x is %v, the state %v and positions %v of %v, want (%d·T, D), (%d, D) or a multiple of D, and (%d·T) of int",
			x.Shape(), prev.Shape(), at.Shape(), at.Dtype(), lanes, lanes, lanes)
	}
	s = sequences{lanes, x.Shape()[0] / lanes, x.Shape()[1]}
	return s, prev.Shape()[1] / s.width, nil
}

// oneState is sequencesOf where the state is as wide as x.
func oneState(lanes int, x, prev, at *G.Node) (sequences, error) {
	s, n, err := sequencesOf(lanes, x, prev, at)
	if err == nil && n != 1 {
		err = fmt.Errorf("x is %v and the state %v, want (%d·T, D) and (%d, D)", x.Shape(), prev.Shape(), lanes, lanes)
	}
	return s, err
}

func (s sequences) shape() tensor.Shape { return tensor.Shape{s.lanes * s.steps, s.width} }

// row is token t of a sequence in x (B·T, D), columns from to to−1.
func (s sequences) row(lane, t int) int { return (lane*s.steps + t) * s.width }

// strands runs f for some columns of a sequence at a time, from and to in D, at once where
// there are idle workers.
func (s sequences) strands(f func(lane, from, to int)) {
	n := max(1, min(s.width/64, s.steps*s.width>>15)) // strands of each sequence
	each(s.lanes*n, max(1, s.steps*s.width/n), func(i int) {
		f(i/n, i%n*s.width/n, (i%n+1)*s.width/n)
	})
}
