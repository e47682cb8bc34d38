package vec

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func angles(rows, half int) (cos, sin []float32) {
	for r := range rows {
		for i := range half {
			a := float64(r+1) * math.Pow(10000, -float64(i)/float64(half))
			cos, sin = append(cos, float32(math.Cos(a))), append(sin, float32(math.Sin(a)))
		}
	}
	return cos, sin
}

func TestRotate(t *testing.T) {
	for _, form := range []RotateForm{Interleaved, HalfSplit} {
		eachTier(t, func(t *testing.T) {
			for _, c := range []struct{ rows, heads, dim, pad int }{{0, 2, 4, 0}, {2, 1, 2, 0}, {3, 2, 10, 5}, {2, 4, 32, 0}, {5, 3, 64, 1}, {2, 2, 70, 0}, {1, 1, 0, 0}} {
				ld := c.heads*c.dim + c.pad
				cos, sin := angles(c.rows, c.dim/2)
				x := gaussian(c.rows*ld, 1, 1)
				want := wide(x)
				for r := range c.rows { // the equation of the doc comment as a complex product
					for h := range c.heads {
						for i := range c.dim / 2 {
							j, k := r*ld+h*c.dim+2*i, r*ld+h*c.dim+2*i+1
							if form == HalfSplit {
								j, k = r*ld+h*c.dim+i, r*ld+h*c.dim+i+c.dim/2
							}
							z := complex(want[j], want[k]) * complex(float64(cos[r*c.dim/2+i]), float64(sin[r*c.dim/2+i]))
							want[j], want[k] = real(z), imag(z)
						}
					}
				}
				got, check := guarded(x, 1)
				Rotate(got, cos, sin, c.rows, c.heads, c.dim, ld, form)
				check(t, "Rotate")
				near(t, want, got, 3e-7, "Rotate")
				RotateBack(got, cos, sin, c.rows, c.heads, c.dim, ld, form)
				check(t, "RotateBack")
				near(t, wide(x), got, 5e-7, "RotateBack")
			}
		})
	}
}

func TestRotateTableTooShort(t *testing.T) {
	cos, sin := angles(3, 5)
	require.PanicsWithValue(t, "vec.Rotate: cos has 14 elements, but needs 15",
		func() { Rotate(gaussian(30, 1, 1), cos[:14], sin, 3, 1, 10, 10, Interleaved) })
}
