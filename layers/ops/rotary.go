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
	return ScaledRotary(p, base, RotaryScaling{}, heads, d, x, at)
}

// RotaryScaling slows the rotation of rotary positions down, so that a model can read longer
// sequences than it was trained on. The zero value does not.
type RotaryScaling struct {
	Factor float64 // pairs of long wavelengths rotate by 1/Factor of their angle; 0: no scaling
	// Context is the original context length in tokens. Pairs that turn more than High times in
	// it keep their angle, pairs that turn less than Low times are scaled, and those in between
	// are interpolated (Llama 3.1, Grattafiori et al. 2024). 0: all pairs are scaled (Chen et
	// al. 2023).
	Context   int
	Low, High float64
}

// Check returns an error if the settings are invalid.
func (s RotaryScaling) Check() error {
	switch {
	case s.Factor == 0 && s != RotaryScaling{}:
		return fmt.Errorf("rotary scaling has a context of %d, low = %v and high = %v, but no factor", s.Context, s.Low, s.High)
	case s.Factor != 0 && !(s.Factor >= 1) || math.IsInf(s.Factor, 0):
		return fmt.Errorf("the factor of rotary scaling is %v, want at least 1", s.Factor)
	case s.Context < 0:
		return fmt.Errorf("the context of rotary scaling is %d, want 0 or more", s.Context)
	case s.Context == 0 && (s.Low != 0 || s.High != 0), s.Context > 0 && !(s.Low > 0 && s.High > s.Low) || math.IsInf(s.High, 0):
		return fmt.Errorf("rotary scaling has low = %v and high = %v with a context of %d: want 0 < low < high with a context, and 0 without", s.Low, s.High, s.Context)
	}
	return nil
}

// rate returns the angle per position of a pair whose unscaled angle per position is r.
func (s RotaryScaling) rate(r float64) float64 {
	if s.Factor == 0 {
		return r
	}
	kept := 0.0 // the fraction of the unscaled rate
	if s.Context > 0 {
		turns := float64(s.Context) * r / (2 * math.Pi)
		kept = min(1, max(0, (turns-s.Low)/(s.High-s.Low)))
	}
	return r * ((1-kept)/s.Factor + kept)
}

// ScaledRotary is Rotary with scaled angles.
//
//	x: (N, D) with D ≥ heads·d and d even, at: (N) int → (N, D)
func ScaledRotary(p Place, base float64, scaling RotaryScaling, heads, d int, x, at *G.Node) (*G.Node, error) {
	if err := scaling.Check(); err != nil {
		return nil, err
	}
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
	return apply(p, rotarySpec[float32](base, scaling, heads, d, n, w), rotarySpec[float64](base, scaling, heads, d, n, w), x, at)
}

func rotarySpec[T Float](base float64, scaling RotaryScaling, heads, d, n, w int) spec[T] {
	a := angles[T]{half: d / 2}
	a.rate = func(i int) float64 { return scaling.rate(math.Pow(base, -float64(i)/float64(a.half))) }
	var run struct{ y, x []T }
	part := func(from, to int) {
		y := run.y[from*w : to*w]
		copy(y, run.x[from*w:to*w])
		vec.Rotate(y, a.cos[from*a.half:to*a.half], a.sin[from*a.half:to*a.half], to-from, heads, d, w, vec.Interleaved)
	}
	return spec[T]{
		shape: tensor.Shape{n, w},
		fwd: func(in []arg[T], y []T) {
			a.set(in[1].I)
			run.y, run.x = y, in[0].X
			rowBlocks(n, w, part)
		},
		backs: []back[T]{{of: []int{0}, do: func(in []arg[T], _, dy []T, g [][]T) {
			copy(g[0], dy)
			vec.RotateBack(g[0], a.cos, a.sin, n, heads, d, w, vec.Interleaved)
		}}},
	}
}

// angles holds the cosines and sines of the rows of one run, and a table by position.
type angles[T Float] struct {
	rate     func(pair int) float64 // angle per position
	half     int
	rates    []float64 // of all pairs
	table    [2][]T    // (positions, half)
	cos, sin []T       // (N, half)
}

// set looks up the angles of rows at these positions.
func (a *angles[T]) set(at []int) {
	if a.rates == nil { // the first run
		a.cos, a.sin, a.rates = make([]T, len(at)*a.half), make([]T, len(at)*a.half), make([]float64, a.half)
		for i := range a.rates {
			a.rates[i] = a.rate(i)
		}
	}
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
		s, c := math.Sincos(float64(i/a.half) * a.rates[i%a.half])
		a.table[0], a.table[1] = append(a.table[0], T(c)), append(a.table[1], T(s))
	}
}
