package ops

import (
	G "gorgonia.org/gorgonia"

	"euryale/internal/kernel/vec"
)

// SwiGLU returns SiLU(a) ⊙ b (Shazeer 2020).
//
//	a, b: (N, H) → (N, H)
func SwiGLU(p Place, a, b *G.Node) (*G.Node, error) {
	if err := same(a, b); err != nil {
		return nil, err
	}
	return apply(p, swigluSpec[float32](a), swigluSpec[float64](a), a, b)
}

func swigluSpec[T Float](a *G.Node) spec[T] {
	swiglu := pairsInPieces(vec.SwiGLU[T])
	return spec[T]{
		shape: a.Shape(),
		fwd:   func(in []arg[T], y []T) { swiglu(y, in[0].X, in[1].X) },
		backs: []back[T]{{of: []int{0, 1}, do: func(in []arg[T], _, dy []T, g [][]T) {
			vec.SwiGLUGrad(g[0], g[1], dy, in[0].X, in[1].X)
		}}},
	}
}
