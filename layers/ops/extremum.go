package ops

import G "gorgonia.org/gorgonia"

// Max returns the elementwise maximum of a and b. The gradient goes to the larger value, and
// half of it to each where they are equal.
//
//	a, b: (…) → (…)
func Max(p Place, a, b *G.Node) (*G.Node, error) {
	if err := same(a, b); err != nil {
		return nil, err
	}
	return apply(p, extremumSpec[float32](a, 1), extremumSpec[float64](a, 1), a, b)
}

// Min returns the elementwise minimum of a and b. The gradient goes to the smaller value, and
// half of it to each where they are equal.
//
//	a, b: (…) → (…)
func Min(p Place, a, b *G.Node) (*G.Node, error) {
	if err := same(a, b); err != nil {
		return nil, err
	}
	return apply(p, extremumSpec[float32](a, -1), extremumSpec[float64](a, -1), a, b)
}

// extremumSpec defines the elementwise maximum, or the minimum if side is −1.
func extremumSpec[T Float](a *G.Node, side T) spec[T] {
	part := func(i int) back[T] {
		return back[T]{of: []int{i}, reads: []int{0, 1}, do: func(in []arg[T], _, dy []T, dx [][]T) {
			mine, other := in[i].X, in[1-i].X
			pieces(len(dy), func(from, to int) {
				for j := from; j < to; j++ {
					switch {
					case mine[j] == other[j]:
						dx[0][j] = dy[j] / 2
					case (mine[j] > other[j]) == (side > 0):
						dx[0][j] = dy[j]
					default:
						dx[0][j] = 0
					}
				}
			})
		}}
	}
	choose := func(y, a, b []T) {
		for i, v := range a {
			if side > 0 {
				y[i] = max(v, b[i])
			} else {
				y[i] = min(v, b[i])
			}
		}
	}
	forward := pairsInPieces(choose)
	return spec[T]{
		shape: a.Shape(),
		fwd:   func(in []arg[T], y []T) { forward(y, in[0].X, in[1].X) },
		backs: []back[T]{part(0), part(1)},
	}
}
