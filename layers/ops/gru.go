package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/vec"
)

// GRU runs a gated recurrent unit (Cho et al. 2014, with the reset gate applied to the
// hidden product, as in cuDNN) over all tokens:
//
//	r|u|n = z, r'|u'|n' = h·W + b
//	r = σ(r+r'),  u = σ(u+u'),  n = tanh(n + r⊙n'),  h = (1−u)⊙n + u⊙h
//
// z is x·Wx with its bias, prev the initial state of each sequence; b may be nil.
//
//	z: (B·T, 3H), W: (H, 3H), b: (3H), prev: (B, H), at: (B·T) int → (B·T, H) h after each token
func GRU(p Place, c Scan, z, w, b, prev, at *G.Node) (*G.Node, error) {
	s, err := c.recurrent(3, 1, z, w, prev, at)
	if err != nil {
		return nil, err
	}
	nodes := G.Nodes{z, w, prev, at}
	if b != nil {
		if b.Shape().TotalSize() != 3*s.hidden {
			return nil, fmt.Errorf("b is %v, want (%d)", b.Shape(), 3*s.hidden)
		}
		nodes = append(nodes, b)
	}
	return apply(p, gruSpec[float32](p.Tape, s, w, b != nil), gruSpec[float64](p.Tape, s, w, b != nil), nodes...)
}

// gru holds the values of one run that the backward pass reads, step by step.
type gru[T Float] struct {
	scan
	kept   []T // what follows
	zx, zh []T // (T·B, 3H), the gates and the hidden product; their gradients, in the backward pass
	h      []T // (1+T, B, H), the initial state first
	w      *recurrent[T]
	dh     []T // (B, H), gradient of the current step's state
}

func gruSpec[T Float](tape *Tape, s scan, w *G.Node, bias bool) spec[T] {
	r := &gru[T]{scan: s, w: newRecurrent[T](tape, s, w)}
	of := []int{0, 1, 2}
	if bias {
		of = append(of, 4)
	}
	return spec[T]{
		shape: tensor.Shape{s.rows(), s.hidden},
		keeps: (7*s.rows() + s.Sequences) * s.hidden,
		kept:  &r.kept,
		flops: s.flops(w),
		fwd: func(in []arg[T], y []T) {
			r.cut()
			copy(r.h, in[2].X)
			w := r.w.forward(r.scan, in[1].X)
			for k := range s.steps {
				r.step(k, w, in, y)
			}
		},
		backs: []back[T]{{of: of, flops: 2 * s.flops(w), do: r.backward}},
	}
}

// cut divides the memory of the values that are kept.
func (r *gru[T]) cut() {
	n, rest := r.Sequences*r.hidden, r.kept
	r.zx, rest = cutOff(rest, 3*r.steps*n)
	r.zh, r.h = cutOff(rest, 3*r.steps*n)
}

func (r *gru[T]) step(k int, w *matmul.Packed[T], in []arg[T], y []T) {
	n, h := r.Sequences*r.hidden, r.hidden
	zx, zh, h0, h1 := nth(r.zx, k, 3*n), nth(r.zh, k, 3*n), nth(r.h, k, n), nth(r.h, k+1, n)
	gather(r.scan, k, zx, in[0].X, 3*h)
	matmul.GemmPacked(w, false, false, r.Sequences, 3*h, h, 1, h0, h, in[1].X, 3*h, 0, zh, 3*h)
	if len(in) > 4 {
		vec.Bias(zh, r.Sequences, 3*h, in[4].X)
	}
	r.runs(k, in[3].I, func(from, to int) {
		vec.GRUCell(span(zx, from, to, 3*h), span(zh, from, to, 3*h), span(h0, from, to, h), span(h1, from, to, h), to-from, h, 3*h, h)
	}, func(from, to int) { copy(span(h1, from, to, h), span(h0, from, to, h)) })
	scatter(r.scan, k, y, h, 0, h1, h)
}

func (r *gru[T]) backward(in []arg[T], _, dy []T, g [][]T) {
	n, h := r.Sequences*r.hidden, r.hidden
	if r.dh == nil {
		r.dh = make([]T, n)
	}
	r.cut()
	back := r.w.back(r.scan, in[1].X)
	clear(r.dh)
	for k := r.steps - 1; k >= 0; k-- {
		r.stepBack(k, back, in, dy)
		scatter(r.scan, k, g[0], 3*h, 0, nth(r.zx, k, 3*n), 3*h)
	}
	matmul.Gemm(true, false, h, 3*h, r.rows(), 1, r.h, h, r.zh, 3*h, 0, g[1], 3*h)
	copy(g[2], r.dh)
	if len(g) > 3 {
		vec.ColumnSums(g[3], r.zh, r.rows(), 3*h, 3*h)
	}
}

// stepBack overwrites the gates and the hidden product of step k with their gradients, and dh
// with the gradient of the state before the step.
func (r *gru[T]) stepBack(k int, back *matmul.Packed[T], in []arg[T], dy []T) {
	n, h := r.Sequences*r.hidden, r.hidden
	zx, zh, h0 := nth(r.zx, k, 3*n), nth(r.zh, k, 3*n), nth(r.h, k, n)
	accumulate(r.scan, k, r.dh, dy, h, 0, h)
	r.runs(k, in[3].I, func(from, to int) {
		dzx, dzh, dh := span(zx, from, to, 3*h), span(zh, from, to, 3*h), span(r.dh, from, to, h)
		vec.GRUCellGrad(dzx, dzh, dh, dzx, dzh, span(h0, from, to, h), dh, to-from, h, 3*h, h)
	}, func(from, to int) {
		clear(span(zx, from, to, 3*h))
		clear(span(zh, from, to, 3*h))
	})
	matmul.GemmPacked(back, false, true, r.Sequences, h, 3*h, 1, zh, 3*h, in[1].X, 3*h, 1, r.dh, h)
}
