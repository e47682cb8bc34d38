package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Append writes x's rows into the memory behind store, a sequence's row at the place that at
// gives it, and returns all of memory. Rows at −1 are left out. It has no derivative.
//
//	x: (B·T, D), at: (B·T) int, store: (B·C, D) → (B·C, D)
func Append(p Place, sequences int, store *tensor.Dense, x, at *G.Node) (*G.Node, error) {
	if x.Dims() != 2 || store.Dims() != 2 || x.Shape()[1] != store.Shape()[1] || x.Dtype() != store.Dtype() {
		return nil, fmt.Errorf("x is %v of %v, memory is %v of %v", x.Shape(), x.Dtype(), store.Shape(), store.Dtype())
	}
	return apply(p, appendSpec[float32](sequences, store), appendSpec[float64](sequences, store), x, at)
}

func appendSpec[T Float](sequences int, store *tensor.Dense) spec[T] {
	d := store.Shape()[1]
	s := spec[T]{shape: store.Shape(), fwd: func(in []arg[T], all []T) {
		rows := len(in[1].I)
		for r, at := range in[1].I {
			if at >= 0 {
				seq := r / (rows / sequences)
				copy(all[(seq*(len(all)/d/sequences)+at)*d:][:d], in[0].X[r*d:])
			}
		}
	}}
	if store.Dtype() == dtype[T]() {
		s.own = floats[T](store)
	}
	return s
}

// Tail ends a run: it returns its first input after all the others have been computed,
// and hands the i-th of the others to keep32 or keep64, whichever fits their type.
func Tail(p Place, keep32 func(i int, rows []float32), keep64 func(i int, rows []float64), in ...*G.Node) (*G.Node, error) {
	return apply(p, tailSpec(in[0], keep32), tailSpec(in[0], keep64), in...)
}

func tailSpec[T Float](x *G.Node, keep func(i int, rows []T)) spec[T] {
	return spec[T]{
		shape: x.Shape(),
		fwd: func(in []arg[T], y []T) {
			copy(y, in[0].X)
			for i, v := range in[1:] {
				keep(i, v.X)
			}
		},
		pass: []int{0},
	}
}
