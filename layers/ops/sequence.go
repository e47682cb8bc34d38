package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// layout holds the sizes of a matrix of B sequences of T rows. Rows with position −1 are
// padding and do not affect the others.
type layout struct{ sequences, steps, width int }

// sequencesOf checks that x is (B·T, D), prev (B, n·D) and at (B·T), and returns the layout of x
// and n.
func sequencesOf(sequences int, x, prev, at *G.Node) (s layout, n int, err error) {
	if x.Dims() != 2 || sequences < 1 || x.Shape()[0]%sequences != 0 || prev.Dims() != 2 || prev.Shape()[0] != sequences ||
		prev.Shape()[1]%x.Shape()[1] != 0 || at.Dtype() != tensor.Int || !at.Shape().Eq(tensor.Shape{x.Shape()[0]}) {
		return s, 0, fmt.Errorf("x is %v, the state %v and positions %v of %v, want (%d·T, D), (%d, n·D) and (%d·T) of int",
			x.Shape(), prev.Shape(), at.Shape(), at.Dtype(), sequences, sequences, sequences)
	}
	s = layout{sequences, x.Shape()[0] / sequences, x.Shape()[1]}
	return s, prev.Shape()[1] / s.width, nil
}

// oneState is sequencesOf for a state as wide as x.
func oneState(sequences int, x, prev, at *G.Node) (layout, error) {
	s, n, err := sequencesOf(sequences, x, prev, at)
	if err == nil && n != 1 {
		err = fmt.Errorf("x is %v and the state %v, want (%d·T, D) and (%d, D)", x.Shape(), prev.Shape(), sequences, sequences)
	}
	return s, err
}

func (s layout) shape() tensor.Shape { return tensor.Shape{s.sequences * s.steps, s.width} }

// row returns the index in x (B·T, D) of the first value of token t of a sequence.
func (s layout) row(seq, t int) int { return (seq*s.steps + t) * s.width }

// eachChunk splits every sequence into chunks of columns, from to to−1, and runs f for each
// chunk, concurrently.
func (s layout) eachChunk(f func(seq, from, to int)) {
	n := max(1, min(s.width/64, s.steps*s.width>>15)) // chunks of each sequence
	each(s.sequences*n, max(1, s.steps*s.width/n), func(i int) {
		f(i/n, i%n*s.width/n, (i%n+1)*s.width/n)
	})
}
