package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/internal/kernel/vec"
)

// TopKGate returns the softmax over each row's k largest values, and 0 in the other columns
// (Shazeer et al. 2017, eq. 3 and 5, without noise). Of equal values the lower column comes
// first. Only the k values get gradients.
//
//	x: (N, E) → (N, E)
func TopKGate(p Place, x *G.Node, k int) (*G.Node, error) {
	if x.Dims() != 2 || k < 1 || k > x.Shape()[1] {
		return nil, fmt.Errorf("x is %v and k %d, want (N, E) and k from 1 to E", x.Shape(), k)
	}
	return apply(p, topKSpec[float32](x, k), topKSpec[float64](x, k), x)
}

// topKSpec has the backward pass of a softmax, in which weights of 0 have gradients of 0.
func topKSpec[T Float](x *G.Node, k int) spec[T] {
	n, e := x.Shape()[0], x.Shape()[1]
	s := softmaxSpec[T](x, e)
	s.fwd = func(in []arg[T], y []T) {
		each(n, e*k, func(r int) { gate(nth(y, r, e), nth(in[0].X, r, e), k) })
	}
	return s
}

// gate computes one row of TopKGate. Each round selects the next value in descending order of
// values, and ascending order of columns among equal ones.
func gate[T Float](y, x []T, k int) {
	for i := range y {
		y[i] = T(math.Inf(-1))
	}
	for last := -1; k > 0; k-- {
		best := -1
		for j, v := range x {
			taken := last >= 0 && (above(v, x[last]) || !above(x[last], v) && j <= last)
			if !taken && (best < 0 || above(v, x[best])) {
				best = j
			}
		}
		y[best], last = x[best], best
	}
	vec.Softmax(y, 1)
}
