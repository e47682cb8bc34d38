package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
)

// AdditiveScores returns the scores of AdditiveAttention before the softmax, u·tanh(q + k), for models that
// change or read the weights. With coverage and w, which are nil together, they are u·tanh(q + k + c·w), where
// c is how much attention the key has had (See, Liu and Manning 2017, eq. 11). The scores of keys beyond a
// row's length are 0: Mask hides them. The backward pass recomputes the tanh.
//
//	q: (B·T, A), k: (B·C, A), u: (A), lengths: (B·T) int, coverage: (B·T, C), w: (A) → (B·T, C)
func AdditiveScores(p Place, sequences int, q, k, u, lengths, coverage, w *G.Node) (*G.Node, error) {
	a, err := additiveShapes(sequences, q, k, u, lengths)
	if err != nil {
		return nil, err
	}
	in := G.Nodes{q, k, u, lengths}
	if coverage != nil {
		if !coverage.Shape().Eq(tensor.Shape{q.Shape()[0], a.c}) || w == nil || w.Shape().TotalSize() != a.a {
			return nil, fmt.Errorf("the coverage is %v, want (%d, %d), and w (%d)", coverage.Shape(), q.Shape()[0], a.c, a.a)
		}
		in = append(in, coverage, w)
	}
	return apply(p, additiveScoresSpec[float32](a, len(in) > 4), additiveScoresSpec[float64](a, len(in) > 4), in...)
}

func additiveScoresSpec[T Float](a additive, covered bool) spec[T] {
	r := &additiveScores[T]{additiveRun: additiveRun[T]{additive: a}}
	scratch := pool[T]{n: 2 * a.c * a.a}
	set := func(in []arg[T]) {
		r.q, r.k, r.u, r.lengths = in[0].X, in[1].X, in[2].X, in[3].I
		if covered {
			r.coverage, r.w = in[4].X, in[5].X
		}
	}
	flops := 2 * float64(a.sequences*a.t*a.c) * float64(a.a)
	of := []int{0, 1, 2}
	if covered {
		of = []int{0, 1, 2, 4, 5}
	}
	return spec[T]{
		shape: tensor.Shape{a.sequences * a.t, a.c},
		flops: flops,
		fwd: func(in []arg[T], y []T) {
			set(in)
			parallel.Each(a.sequences, func(seq int) {
				m := scratch.get()
				r.forward(seq, m, y)
				scratch.put(m)
			})
		},
		backs: []back[T]{{of: of, flops: 2 * flops, do: func(in []arg[T], _, dy []T, g [][]T) {
			set(in)
			if r.du == nil {
				r.du, r.dw = make([]T, a.sequences*a.a), make([]T, a.sequences*a.a)
			}
			parallel.Each(a.sequences, func(seq int) {
				m := scratch.get()
				r.backward(seq, dy, g, m[:a.c*a.a], m[a.c*a.a:])
				scratch.put(m)
			})
			vec.ColumnSums(g[2], r.du, a.sequences, a.a, a.a)
			if covered {
				vec.ColumnSums(g[4], r.dw, a.sequences, a.a, a.a)
			}
		}}},
	}
}

// additiveScores holds the arrays of one run.
type additiveScores[T Float] struct {
	additiveRun[T]
	coverage, w []T // nil without coverage
	dw          []T // (B, A), each sequence's part
}

// tanh writes tanh(q + k + c·w) of a query row into m, and returns that part of m.
func (r *additiveScores[T]) tanh(m []T, seq, row int) []T {
	if r.coverage == nil {
		return r.additiveRun.tanh(m, seq, row)
	}
	n := r.keys(seq, row)
	for j := range n {
		x := nth(m, j, r.a)
		vec.Add(x, nth(r.k, seq*r.c+j, r.a), nth(r.q, row, r.a))
		vec.Axpy(x, r.coverage[row*r.c+j], r.w)
	}
	vec.Tanh(m[:n*r.a], m[:n*r.a])
	return m[:n*r.a]
}

// forward computes a sequence's rows of y.
func (r *additiveScores[T]) forward(seq int, m, y []T) {
	for t := range r.t {
		row := seq*r.t + t
		scores, n := nth(y, row, r.c), len(r.tanh(m, seq, row))/r.a
		for j := range n {
			scores[j] = T(vec.Dot(nth(m, j, r.a), r.u))
		}
		clear(scores[n:])
	}
}

// backward sets a sequence's part of the gradients. With M = tanh(q + k + c·w) and the scores' gradient dS:
// dZ = dS·u⊙(1−M²) is that of what tanh is of, du = Σ dS·M, dc = dZ·w, dw = Σ c·dZ.
func (r *additiveScores[T]) backward(seq int, dy []T, g [][]T, m, d []T) {
	dk, du, dw := nth(g[1], seq, r.c*r.a), nth(r.du, seq, r.a), nth(r.dw, seq, r.a)
	clear(dk)
	clear(du)
	clear(dw)
	for t := range r.t {
		row := seq*r.t + t
		ds, tanh := nth(dy, row, r.c), r.tanh(m, seq, row)
		n := len(tanh) / r.a
		for j := range n {
			vec.Scale(nth(d, j, r.a), r.u, ds[j])
			vec.Axpy(du, ds[j], nth(tanh, j, r.a))
		}
		d := d[:len(tanh)]
		vec.TanhGrad(d, tanh, d)
		vec.ColumnSums(nth(g[0], row, r.a), d, n, r.a, r.a)
		vec.Add(dk[:len(d)], dk[:len(d)], d)
		if r.coverage == nil {
			continue
		}
		dc := nth(g[3], row, r.c)
		for j := range n {
			dc[j] = T(vec.Dot(nth(d, j, r.a), r.w))
			vec.Axpy(dw, r.coverage[row*r.c+j], nth(d, j, r.a))
		}
		clear(dc[n:])
	}
}
