package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// OffDiagonal returns how far attention weights lie off the diagonal: Σ w·(1 − exp(−(n/N − t/T)²/(2·width²)))
// for token t of T, over the tokens n of its source of N (Tachibana, Uenoyama and Aihara 2018, §3.2). Rows
// of padding have 0.
//
//	weights: (B·T, S), at, lengths, sourceLengths: (B·T) int → (B·T, 1)
func OffDiagonal(p Place, width float64, weights, at, lengths, sourceLengths *G.Node) (*G.Node, error) {
	if !(width > 0) {
		return nil, fmt.Errorf("the width of the diagonal is %v, want more than 0", width)
	}
	for _, n := range []*G.Node{at, lengths, sourceLengths} {
		if weights.Dims() != 2 || n.Dtype() != tensor.Int || n.Shape().TotalSize() != weights.Shape()[0] {
			return nil, fmt.Errorf("the weights are %v and an input of lengths or positions %v of %v, want (N, S) and (N) of int", weights.Shape(), n.Shape(), n.Dtype())
		}
	}
	return apply(p, offDiagonalSpec[float32](weights, width), offDiagonalSpec[float64](weights, width), weights, at, lengths, sourceLengths)
}

func offDiagonalSpec[T Float](weights *G.Node, width float64) spec[T] {
	n, c := weights.Shape()[0], weights.Shape()[1]
	// penalties calls f with the index of each weight of a row's source and its penalty.
	penalties := func(in []arg[T], f func(row, i int, penalty T)) {
		for row, at := range in[1].I {
			if at < 0 {
				continue
			}
			of, most := in[2].I[row], min(in[3].I[row], c)
			for i := range most {
				off := (float64(i)/float64(most) - float64(at)/float64(of)) / width
				f(row, row*c+i, T(1-math.Exp(-off*off/2)))
			}
		}
	}
	return spec[T]{
		shape: tensor.Shape{n, 1},
		fwd: func(in []arg[T], y []T) {
			clear(y)
			penalties(in, func(row, i int, penalty T) { y[row] += penalty * in[0].X[i] })
		},
		backs: []back[T]{{of: []int{0}, reads: []int{1, 2, 3}, do: func(in []arg[T], _, dy []T, g [][]T) {
			clear(g[0])
			penalties(in, func(row, i int, penalty T) { g[0][i] = penalty * dy[row] })
		}}},
	}
}
