package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/parallel"
)

// Append writes each row of x into the key-value cache store, at the position in its sequence
// that at gives, and returns the whole cache. Rows at −1 are not written. It has no
// derivative.
//
//	x: (B·T, D), at: (B·T) int, store: (B·C, D) → (B·C, D)
func Append(p Place, sequences int, store *tensor.Dense, x, at *G.Node) (*G.Node, error) {
	if x.Dims() != 2 || store.Dims() != 2 || x.Shape()[1] != store.Shape()[1] || x.Dtype() != store.Dtype() {
		return nil, fmt.Errorf("x is %v of %v and the cache %v of %v, want the same columns and type", x.Shape(), x.Dtype(), store.Shape(), store.Dtype())
	}
	return apply(p, appendSpec[float32](sequences, store), appendSpec[float64](sequences, store), x, at)
}

func appendSpec[T Float](sequences int, store *tensor.Dense) spec[T] {
	d := store.Shape()[1]
	s := spec[T]{shape: store.Shape(), fwd: func(in []arg[T], all []T) {
		rows, capacity := len(in[1].I)/sequences, len(all)/d/sequences
		parallel.Each(sequences, func(seq int) {
			for r := seq * rows; r < (seq+1)*rows; r++ {
				if at := in[1].I[r]; at >= 0 {
					copy(all[(seq*capacity+at)*d:][:d], in[0].X[r*d:])
				}
			}
		})
	}}
	if store.Dtype() == dtype[T]() {
		s.own = floats[T](store)
	}
	return s
}

// WithWrites returns its first input with a dependency on the others: a run computes them
// all, and passes the i-th of the others to write32 or write64, according to their type.
func WithWrites(p Place, write32 func(i int, rows []float32), write64 func(i int, rows []float64), in ...*G.Node) (*G.Node, error) {
	return apply(p, writesSpec(in[0], write32), writesSpec(in[0], write64), in...)
}

func writesSpec[T Float](x *G.Node, write func(i int, rows []T)) spec[T] {
	return spec[T]{
		shape: x.Shape(),
		fwd: func(in []arg[T], y []T) {
			copy(y, in[0].X)
			for i, v := range in[1:] {
				write(i, v.X)
			}
		},
		pass: []int{0},
	}
}
