package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
)

// RNN runs a simple recurrent network (Elman 1990) over all tokens: h = act(z + h·W),
// with act Tanh or ReLU. z is x·Wx with its bias, prev the initial state of each sequence.
//
//	z: (B·T, H), W: (H, H), prev: (B, H), at: (B·T) int → (B·T, H) h after each token
func RNN(p Place, c Scan, act Activation, z, w, prev, at *G.Node) (*G.Node, error) {
	s, err := c.recurrent(1, 1, z, w, prev, at)
	if err != nil {
		return nil, err
	}
	if act != Tanh && act != ReLU {
		return nil, fmt.Errorf("a recurrent layer's activation is tanh or relu, not %q", act)
	}
	return apply(p, rnnSpec[float32](p.Tape, s, w, act), rnnSpec[float64](p.Tape, s, w, act), z, w, prev, at)
}

// rnn holds the values of one run that the backward pass reads, step by step.
type rnn[T Float] struct {
	scan
	act  activation[T]
	kept []T // z and h
	z    []T // (T·B, H), before the activation; the gradients, in the backward pass
	h    []T // (1+T, B, H), the initial state first
	w    *recurrent[T]
	dh   []T // (B, H), gradient of the current step's state
}

func rnnSpec[T Float](tape *Tape, s scan, w *G.Node, act Activation) spec[T] {
	f, _ := activationOf[T](act)
	r := &rnn[T]{scan: s, act: f, w: newRecurrent[T](tape, s, w)}
	return spec[T]{
		shape: tensor.Shape{s.rows(), s.hidden},
		keeps: (2*s.rows() + s.Sequences) * s.hidden,
		kept:  &r.kept,
		flops: s.flops(w),
		fwd: func(in []arg[T], y []T) {
			r.z, r.h = cutOff(r.kept, r.rows()*r.hidden)
			copy(r.h, in[2].X)
			w := r.w.forward(r.scan, in[1].X)
			for k := range s.steps {
				r.step(k, w, in, y)
			}
		},
		backs: []back[T]{{of: []int{0, 1, 2}, flops: 2 * s.flops(w), do: r.backward}},
	}
}

func (r *rnn[T]) step(k int, w *matmul.Packed[T], in []arg[T], y []T) {
	n, h := r.Sequences*r.hidden, r.hidden
	z, h0, h1 := nth(r.z, k, n), nth(r.h, k, n), nth(r.h, k+1, n)
	gather(r.scan, k, z, in[0].X, h)
	matmul.GemmPacked(w, false, false, r.Sequences, h, h, 1, h0, h, in[1].X, h, 1, z, h)
	r.runs(k, in[3].I, func(from, to int) { r.act.f(span(h1, from, to, h), span(z, from, to, h)) },
		func(from, to int) { copy(span(h1, from, to, h), span(h0, from, to, h)) })
	scatter(r.scan, k, y, h, 0, h1, h)
}

func (r *rnn[T]) backward(in []arg[T], _, dy []T, g [][]T) {
	n, h := r.Sequences*r.hidden, r.hidden
	if r.dh == nil {
		r.dh = make([]T, n)
	}
	r.z, r.h = cutOff(r.kept, r.rows()*r.hidden)
	back := r.w.back(r.scan, in[1].X)
	clear(r.dh)
	for k := r.steps - 1; k >= 0; k-- {
		z, h1 := nth(r.z, k, n), nth(r.h, k+1, n)
		accumulate(r.scan, k, r.dh, dy, h, 0, h)
		r.runs(k, in[3].I, func(from, to int) {
			dz, dh := span(z, from, to, h), span(r.dh, from, to, h)
			r.act.grad(dz, dz, span(h1, from, to, h), dh)
			clear(dh) // the previous h influences this step through z only
		}, func(from, to int) { clear(span(z, from, to, h)) })
		matmul.GemmPacked(back, false, true, r.Sequences, h, h, 1, z, h, in[1].X, h, 1, r.dh, h)
		scatter(r.scan, k, g[0], h, 0, z, h)
	}
	matmul.Gemm(true, false, h, h, r.rows(), 1, r.h, h, r.z, h, 0, g[1], h)
	copy(g[2], r.dh)
}
