package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Shift returns, for each token, the row of the token before it: prev for the first of a
// sequence. Rows of padding are skipped; their result is zero.
//
//	x: (B·T, D), prev: (B, D), at: (B·T) int → (B·T, D)
func Shift(p Place, sequences int, x, prev, at *G.Node) (*G.Node, error) {
	s, err := oneState(sequences, x, prev, at)
	if err != nil {
		return nil, err
	}
	return apply(p, shiftSpec[float32](s), shiftSpec[float64](s), x, prev, at)
}

func shiftSpec[T Float](s layout) spec[T] {
	d := s.width
	return spec[T]{
		shape: s.shape(),
		fwd: func(in []arg[T], y []T) {
			for seq := range s.sequences {
				before := nth(in[1].X, seq, d)
				for r := seq * s.steps; r < (seq+1)*s.steps; r++ {
					if in[2].I[r] < 0 {
						clear(nth(y, r, d))
						continue
					}
					copy(nth(y, r, d), before)
					before = nth(in[0].X, r, d)
				}
			}
		},
		backs: []back[T]{{of: []int{0, 1}, reads: []int{2}, do: func(in []arg[T], _, dy []T, g [][]T) {
			for seq := range s.sequences {
				before := nth(g[1], seq, d)
				for r := seq * s.steps; r < (seq+1)*s.steps; r++ {
					if in[2].I[r] < 0 {
						clear(nth(g[0], r, d))
						continue
					}
					copy(before, nth(dy, r, d))
					before = nth(g[0], r, d)
				}
				clear(before) // no token follows the last
			}
		}}},
	}
}

// Recent returns, for each token, the last n tokens up to it side by side, oldest first,
// continuing prev. Rows of padding keep the value. It has no derivative.
//
//	x: (B·T, D), prev: (B, n·D), at: (B·T) int → (B·T, n·D)
func Recent(p Place, sequences int, x, prev, at *G.Node) (*G.Node, error) {
	s, n, err := sequencesOf(sequences, x, prev, at)
	if err != nil {
		return nil, err
	}
	return apply(p, recentSpec[float32](s, n), recentSpec[float64](s, n), x, prev, at)
}

func recentSpec[T Float](s layout, n int) spec[T] {
	d := s.width
	return spec[T]{
		shape: tensor.Shape{s.sequences * s.steps, n * d},
		fwd: func(in []arg[T], y []T) {
			for seq := range s.sequences {
				before := nth(in[1].X, seq, n*d)
				for r := seq * s.steps; r < (seq+1)*s.steps; r++ {
					now := nth(y, r, n*d)
					if in[2].I[r] < 0 {
						copy(now, before)
					} else {
						copy(now, before[d:])
						copy(now[(n-1)*d:], nth(in[0].X, r, d))
					}
					before = now
				}
			}
		},
	}
}
