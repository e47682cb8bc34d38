package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
)

// Rotary applies rotary position embeddings (Su et al. 2021) to the first heads·d columns of x:
// it rotates pair i of neighbouring columns of each head by the angle at·base^(−2i/d). It
// copies the columns after those heads, and rows at position −1.
//
//	x: (N, D) with D ≥ heads·d and d even, at: (N) int → (N, D)
func Rotary(p Place, base float64, heads, d int, x, at *G.Node) (*G.Node, error) {
	switch {
	case d < 2 || d%2 != 0:
		return nil, fmt.Errorf("a head has %d columns: rotary positions rotate them in pairs; choose dim and heads so that it is even", d)
	case !(base > 1) || math.IsInf(base, 0):
		return nil, fmt.Errorf("the base of rotary positions is %v, want more than 1 (the default is 10000)", base)
	case x.Dims() != 2 || heads < 1 || x.Shape()[1] < heads*d:
		return nil, fmt.Errorf("x is %v, want (N, %d) or wider for %d heads of %d columns", x.Shape(), heads*d, heads, d)
	case at.Dtype() != tensor.Int || at.Shape().TotalSize() != x.Shape()[0]:
		return nil, fmt.Errorf("the positions are %v of %v, want (%d) of int", at.Shape(), at.Dtype(), x.Shape()[0])
	}
	n, w := x.Shape()[0], x.Shape()[1]
	return apply(p, rotarySpec[float32](base, heads, d, n, w), rotarySpec[float64](base, heads, d, n, w), x, at)
}

func rotarySpec[T Float](base float64, heads, d, n, w int) spec[T] {
	a := angles[T]{base: base, half: d / 2, cos: make([]T, n*d/2), sin: make([]T, n*d/2)}
	return spec[T]{
		shape: tensor.Shape{n, w},
		fwd: func(in []arg[T], y []T) {
			a.set(in[1].I)
			copy(y, in[0].X)
			vec.Rotate(y, a.cos, a.sin, n, heads, d, w, vec.Interleaved)
		},
		backs: []back[T]{{of: []int{0}, do: func(in []arg[T], _, dy []T, g [][]T) {
			copy(g[0], dy)
			vec.RotateBack(g[0], a.cos, a.sin, n, heads, d, w, vec.Interleaved)
		}}},
	}
}

// angles holds the cosines and sines of the rows of one run, and a table by position.
type angles[T Float] struct {
	base     float64
	half     int
	table    [2][]T // (positions, half)
	cos, sin []T    // (N, half)
}

// set looks up the angles of rows at these positions.
func (a *angles[T]) set(at []int) {
	for r, p := range at {
		cos, sin := a.cos[r*a.half:(r+1)*a.half], a.sin[r*a.half:(r+1)*a.half]
		if p < 0 {
			for i := range cos {
				cos[i], sin[i] = 1, 0
			}
			continue
		}
		a.grow(p)
		copy(cos, a.table[0][p*a.half:])
		copy(sin, a.table[1][p*a.half:])
	}
}

// grow extends the table to position p.
func (a *angles[T]) grow(p int) {
	for i := len(a.table[0]); i < (p+1)*a.half; i++ {
		s, c := math.Sincos(float64(i/a.half) * math.Pow(a.base, -float64(i%a.half)/float64(a.half)))
		a.table[0], a.table[1] = append(a.table[0], T(c)), append(a.table[1], T(s))
	}
}
