package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/vec"
)

// LSTM runs a long short-term memory (Hochreiter and Schmidhuber 1997, with the forget
// gate of Gers et al. 2000) over all tokens:
//
//	i|f|g|o = z + h·W,  c = σ(f)⊙c + σ(i)⊙tanh(g),  h = σ(o)⊙tanh(c)
//
// z is x·Wx with its bias, prev the initial state of each sequence.
//
//	z: (B·T, 4H), W: (H, 4H), prev: (B, 2H) h|c, at: (B·T) int → (B·T, 2H) h|c after each token
func LSTM(p Place, c Scan, z, w, prev, at *G.Node) (*G.Node, error) {
	s, err := c.recurrent(4, 2, z, w, prev, at)
	if err != nil {
		return nil, err
	}
	return apply(p, lstmSpec[float32](p.Tape, s, w), lstmSpec[float64](p.Tape, s, w), z, w, prev, at)
}

// lstm holds the values of one run that the backward pass reads, step by step.
type lstm[T Float] struct {
	scan
	kept   []T // what follows
	gates  []T // (T·B, 4H), after the activations; their gradients, in the backward pass
	h, c   []T // (1+T, B, H), the initial state first
	tanh   []T // (T·B, H), of c
	w      *recurrent[T]
	dh, dc []T // (B, H), gradients of the current step's state
}

func lstmSpec[T Float](tape *Tape, s scan, w *G.Node) spec[T] {
	l := &lstm[T]{scan: s, w: newRecurrent[T](tape, s, w)}
	return spec[T]{
		shape: tensor.Shape{s.rows(), 2 * s.hidden},
		keeps: (7*s.rows() + 2*s.Sequences) * s.hidden,
		kept:  &l.kept,
		flops: s.flops(w),
		fwd: func(in []arg[T], y []T) {
			l.begin(in[2].X)
			w := l.w.forward(l.scan, in[1].X)
			for k := range s.steps {
				l.step(k, w, in, y)
			}
		},
		backs: []back[T]{{of: []int{0, 1, 2}, flops: 2 * s.flops(w), do: l.backward}},
	}
}

// cut divides the memory of the values that are kept.
func (l *lstm[T]) cut() {
	n, rest := l.Sequences*l.hidden, l.kept
	l.gates, rest = cutOff(rest, 4*l.steps*n)
	l.tanh, rest = cutOff(rest, l.steps*n)
	l.h, l.c = cutOff(rest, (l.steps+1)*n)
}

// cutOff returns the first n values of x and the others.
func cutOff[T any](x []T, n int) (first, rest []T) { return x[:n:n], x[n:] }

// begin copies the initial state to h and c.
func (l *lstm[T]) begin(prev []T) {
	h := l.hidden
	l.cut()
	for b := range l.Sequences {
		copy(l.h[b*h:(b+1)*h], prev[2*b*h:])
		copy(l.c[b*h:(b+1)*h], prev[(2*b+1)*h:])
	}
}

func (l *lstm[T]) step(k int, w *matmul.Packed[T], in []arg[T], y []T) {
	n, h := l.Sequences*l.hidden, l.hidden
	z, tanh := nth(l.gates, k, 4*n), nth(l.tanh, k, n)
	h0, h1, c0, c1 := nth(l.h, k, n), nth(l.h, k+1, n), nth(l.c, k, n), nth(l.c, k+1, n)
	gather(l.scan, k, z, in[0].X, 4*h)
	matmul.GemmPacked(w, false, false, l.Sequences, 4*h, h, 1, h0, h, in[1].X, 4*h, 1, z, 4*h)
	l.runs(k, in[3].I, func(from, to int) {
		vec.LSTMCell(span(z, from, to, 4*h), span(c0, from, to, h), span(c1, from, to, h), span(tanh, from, to, h), span(h1, from, to, h),
			to-from, h, 4*h, h, h)
	}, func(from, to int) {
		copy(span(h1, from, to, h), span(h0, from, to, h))
		copy(span(c1, from, to, h), span(c0, from, to, h))
	})
	scatter(l.scan, k, y, 2*h, 0, h1, h)
	scatter(l.scan, k, y, 2*h, h, c1, h)
}

func (l *lstm[T]) backward(in []arg[T], _, dy []T, g [][]T) {
	n, h := l.Sequences*l.hidden, l.hidden
	if l.dh == nil {
		l.dh, l.dc = make([]T, n), make([]T, n)
	}
	l.cut()
	back := l.w.back(l.scan, in[1].X)
	clear(l.dh)
	clear(l.dc)
	for k := l.steps - 1; k >= 0; k-- {
		l.stepBack(k, back, in, dy)
		scatter(l.scan, k, g[0], 4*h, 0, nth(l.gates, k, 4*n), 4*h)
	}
	matmul.Gemm(true, false, h, 4*h, l.rows(), 1, l.h, h, l.gates, 4*h, 0, g[1], 4*h)
	for b := range l.Sequences {
		copy(g[2][2*b*h:], span(l.dh, b, b+1, h))
		copy(g[2][(2*b+1)*h:], span(l.dc, b, b+1, h))
	}
}

// stepBack overwrites the gates of step k with their gradients, and dh and dc with the
// gradients of the state before the step.
func (l *lstm[T]) stepBack(k int, back *matmul.Packed[T], in []arg[T], dy []T) {
	n, h := l.Sequences*l.hidden, l.hidden
	z, tanh, c0 := nth(l.gates, k, 4*n), nth(l.tanh, k, n), nth(l.c, k, n)
	accumulate(l.scan, k, l.dh, dy, 2*h, 0, h)
	accumulate(l.scan, k, l.dc, dy, 2*h, h, h)
	l.runs(k, in[3].I, func(from, to int) {
		dz, dh := span(z, from, to, 4*h), span(l.dh, from, to, h)
		vec.LSTMCellGrad(dz, span(l.dc, from, to, h), dz, span(c0, from, to, h), span(tanh, from, to, h), dh, to-from, h, 4*h, h, h)
		clear(dh) // the previous h influences this step through the gates only
	}, func(from, to int) { clear(span(z, from, to, 4*h)) })
	matmul.GemmPacked(back, false, true, l.Sequences, h, 4*h, 1, z, 4*h, in[1].X, 4*h, 1, l.dh, h)
}
