package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
)

// AdditiveAttention mixes values by softmax(u·tanh(q + k)): the score of Bahdanau, Cho and
// Bengio 2015, and the "concat" of Luong, Pham and Manning 2015. Row r of q attends to the
// first lengths[r] keys of its sequence; with a length of 0 its result is zero. The backward
// pass recomputes the tanh, so that no (T×C×A) array is stored.
//
//	q: (B·T, A), k: (B·C, A), u: (A), values: (B·C, D), lengths: (B·T) int → (B·T, D)
func AdditiveAttention(p Place, sequences int, q, k, u, values, lengths *G.Node) (*G.Node, error) {
	a, err := additiveShapes(sequences, q, k, u, lengths)
	if err != nil {
		return nil, err
	}
	if values.Dims() != 2 || values.Shape()[0] != k.Shape()[0] {
		return nil, fmt.Errorf("values are %v, and keys %v: want a value for each key", values.Shape(), k.Shape())
	}
	a.d = values.Shape()[1]
	return apply(p, additiveSpec[float32](a), additiveSpec[float64](a), q, k, u, values, lengths)
}

// additive holds the sizes B, T, C, A and D.
type additive struct{ sequences, t, c, a, d int }

func additiveShapes(sequences int, q, k, u, lengths *G.Node) (additive, error) {
	if q.Dims() != 2 || k.Dims() != 2 || sequences < 1 || q.Shape()[0]%sequences != 0 || k.Shape()[0]%sequences != 0 || q.Shape()[1] != k.Shape()[1] ||
		u.Shape().TotalSize() != k.Shape()[1] || lengths.Dtype() != tensor.Int || lengths.Shape().TotalSize() != q.Shape()[0] {
		return additive{}, fmt.Errorf("q is %v, k %v, u %v and lengths %v of %v, want (%d·T, A), (%d·C, A), (A) and (%d·T) of int",
			q.Shape(), k.Shape(), u.Shape(), lengths.Shape(), lengths.Dtype(), sequences, sequences, sequences)
	}
	return additive{sequences: sequences, t: q.Shape()[0] / sequences, c: k.Shape()[0] / sequences, a: q.Shape()[1]}, nil
}

func additiveSpec[T Float](a additive) spec[T] {
	r := &additiveRun[T]{additive: a}
	scratch := pool[T]{n: 2 * a.c * a.a}
	set := func(in []arg[T]) {
		r.q, r.k, r.u, r.values, r.lengths = in[0].X, in[1].X, in[2].X, in[3].X, in[4].I
	}
	flops := 2 * float64(a.sequences*a.t*a.c) * float64(a.a+a.d)
	return spec[T]{
		shape: tensor.Shape{a.sequences * a.t, a.d},
		flops: flops,
		keeps: a.sequences * a.t * a.c,
		kept:  &r.p,
		fwd: func(in []arg[T], y []T) {
			set(in)
			parallel.Each(a.sequences, func(seq int) {
				m := scratch.get()
				r.weights(seq, m)
				scratch.put(m)
				matmul.Gemm(false, false, a.t, a.d, a.c, 1, nth(r.p, seq, a.t*a.c), a.c, nth(r.values, seq, a.c*a.d), a.d, 0, nth(y, seq, a.t*a.d), a.d)
			})
		},
		backs: []back[T]{{of: []int{0, 1, 2, 3}, flops: 2 * flops, do: func(in []arg[T], _, dy []T, g [][]T) {
			set(in)
			if r.dp == nil {
				r.dp, r.du = make([]T, len(r.p)), make([]T, a.sequences*a.a)
			}
			parallel.Each(a.sequences, func(seq int) {
				m := scratch.get()
				r.backward(seq, nth(dy, seq, a.t*a.d), g, m[:a.c*a.a], m[a.c*a.a:])
				scratch.put(m)
			})
			vec.ColumnSums(g[2], r.du, a.sequences, a.a, a.a)
		}}},
	}
}

// additiveRun holds the arrays of one run.
type additiveRun[T Float] struct {
	additive
	q, k, u, values []T
	lengths         []int
	p, dp           []T // (B·T, C) weights, and their gradients
	du              []T // (B, A), each sequence's part
}

// tanh writes tanh(q+k) of a query row, for the keys that it attends to, into m, and returns
// that part of m.
func (r *additiveRun[T]) tanh(m []T, seq, row int) []T {
	n := r.keys(seq, row)
	for j := range n {
		vec.Add(nth(m, j, r.a), nth(r.k, seq*r.c+j, r.a), nth(r.q, row, r.a))
	}
	vec.Tanh(m[:n*r.a], m[:n*r.a])
	return m[:n*r.a]
}

// keys returns the number of keys that a query row attends to.
func (r *additiveRun[T]) keys(seq, row int) int {
	n := r.lengths[row]
	if n < 0 || n > r.c {
		panic(fmt.Errorf("a query of sequence %d attends to %d keys of %d", seq, n, r.c))
	}
	return n
}

// weights computes a sequence's rows of p.
func (r *additiveRun[T]) weights(seq int, m []T) {
	for t := range r.t {
		row := seq*r.t + t
		p, n := nth(r.p, row, r.c), len(r.tanh(m, seq, row))/r.a
		for j := range n {
			p[j] = T(vec.Dot(nth(m, j, r.a), r.u))
		}
		vec.Softmax(p[:n], 1)
		clear(p[n:])
	}
}

// backward sets a sequence's part of the gradients. With P the weights, M = tanh(q+k) and dS
// the scores' gradient: dV = Pᵀ·dO, dP = dO·Vᵀ, dS = P⊙(dP − rowsum(P⊙dP)),
// du = Σ dS·M, d(q+k) = dS·u⊙(1−M²).
func (r *additiveRun[T]) backward(seq int, dy []T, g [][]T, m, d []T) {
	p, ds := nth(r.p, seq, r.t*r.c), nth(r.dp, seq, r.t*r.c)
	dk, du := nth(g[1], seq, r.c*r.a), nth(r.du, seq, r.a)
	matmul.Gemm(true, false, r.c, r.d, r.t, 1, p, r.c, dy, r.d, 0, nth(g[3], seq, r.c*r.d), r.d)
	matmul.Gemm(false, true, r.t, r.c, r.d, 1, dy, r.d, nth(r.values, seq, r.c*r.d), r.d, 0, ds, r.c)
	clear(dk)
	clear(du)
	for t := range r.t {
		row := seq*r.t + t
		weights, s := nth(p, t, r.c), nth(ds, t, r.c)
		dot := [1]T{T(vec.Dot(weights, s))}
		vec.SoftmaxGradRows(s, weights, 1, r.c, r.c, r.lengths[row:row+1], dot[:], 1)
		tanh := r.tanh(m, seq, row)
		for j := range len(tanh) / r.a {
			vec.Scale(nth(d, j, r.a), r.u, s[j])
			vec.Axpy(du, s[j], nth(tanh, j, r.a))
		}
		d := d[:len(tanh)]
		vec.TanhGrad(d, tanh, d)
		vec.ColumnSums(nth(g[0], row, r.a), d, len(d)/r.a, r.a, r.a)
		vec.Add(dk[:len(d)], dk[:len(d)], d)
	}
}
