package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/internal/kernel/vec"
)

// Add returns a + b.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Add(p Place, a, b *G.Node) (*G.Node, error) {
	g, err := pairOf(a, b)
	switch {
	case err != nil:
		return nil, err
	case g.of != [2]extent{}:
		return apply(p, sumSpec[float32](g, 1), sumSpec[float64](g, 1), a, b)
	}
	y, err := apply(p, addSpec[float32](a), addSpec[float64](a), a, b)
	return byRows(y, err, func(in G.Nodes) (*G.Node, error) { return Add(p, in[0], in[1]) })
}

func same(a, b *G.Node) error {
	if !a.Shape().Eq(b.Shape()) {
		return fmt.Errorf("the terms are %v and %v, want one shape", a.Shape(), b.Shape())
	}
	return nil
}

func addSpec[T Float](a *G.Node) spec[T] {
	add := pairsInPieces(vec.Add[T])
	return spec[T]{
		shape: a.Shape(),
		fwd:   func(in []arg[T], y []T) { add(y, in[0].X, in[1].X) },
		pass:  []int{0, 1},
	}
}

// Scale returns x·c.
//
//	x: (N, D) → (N, D)
func Scale(p Place, x *G.Node, c float64) (*G.Node, error) {
	y, err := apply(p, scaleSpec(x, float32(c)), scaleSpec(x, c), x)
	return byRows(y, err, func(in G.Nodes) (*G.Node, error) { return Scale(p, in[0], c) })
}

func scaleSpec[T Float](x *G.Node, c T) spec[T] {
	scale := inPieces(func(y, x []T) { vec.Scale(y, x, c) })
	return spec[T]{
		shape: x.Shape(),
		fwd:   func(in []arg[T], y []T) { scale(y, in[0].X) },
		backs: []back[T]{{of: []int{0}, do: func(_ []arg[T], _, dy []T, g [][]T) { vec.Scale(g[0], dy, c) }}},
	}
}

// Mul returns the elementwise product a ⊙ b.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Mul(p Place, a, b *G.Node) (*G.Node, error) {
	g, err := pairOf(a, b)
	switch {
	case err != nil:
		return nil, err
	case g.of != [2]extent{}:
		return apply(p, productSpec[float32](g), productSpec[float64](g), a, b)
	}
	y, err := apply(p, mulSpec[float32](a), mulSpec[float64](a), a, b)
	return byRows(y, err, func(in G.Nodes) (*G.Node, error) { return Mul(p, in[0], in[1]) })
}

func mulSpec[T Float](a *G.Node) spec[T] {
	mul := pairsInPieces(vec.Mul[T])
	return spec[T]{
		shape: a.Shape(),
		fwd:   func(in []arg[T], y []T) { mul(y, in[0].X, in[1].X) },
		backs: []back[T]{
			{of: []int{0}, do: func(in []arg[T], _, dy []T, g [][]T) { vec.Mul(g[0], dy, in[1].X) }},
			{of: []int{1}, do: func(in []arg[T], _, dy []T, g [][]T) { vec.Mul(g[0], dy, in[0].X) }},
		},
	}
}
