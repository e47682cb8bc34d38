package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Loop runs a cell over all tokens of every sequence, and returns the state after each. Rows
// of padding keep the state. The cell is compiled once, whatever T is. Parts of it that depend
// on the token only are computed for all tokens at once. Only the states are stored: the
// backward pass recomputes the rest.
//
//	x: (B·T, in), prev: (B, D), at: (B·T) int → (B·T, D)
func Loop(p Place, c Cell, x, prev, at *G.Node) (*G.Node, error) {
	sequences := c.Scan.Sequences
	if x.Dims() != 2 || sequences < 1 || x.Shape()[0]%sequences != 0 || at.Dtype() != tensor.Int || at.Shape().TotalSize() != x.Shape()[0] {
		return nil, fmt.Errorf("x is %v and positions %v, want (%d·T, D) and (%d·T)", x.Shape(), at.Shape(), sequences, sequences)
	}
	b, err := c.analyse(x)
	if err != nil {
		return nil, err
	}
	s := scan{c.Scan, x.Shape()[0] / sequences, c.Prev.Shape()[1]}
	in := G.Nodes{prev, at}
	for _, stream := range b.streams {
		in = append(in, stream.all)
	}
	in = append(in, b.captured...)
	switch c.Next.Dtype() {
	case tensor.Float32:
		return declareLoop[float32](p, s, b, in)
	case tensor.Float64:
		return declareLoop[float64](p, s, b, in)
	}
	return nil, fmt.Errorf("the cell returns %v, want floating-point numbers", c.Next.Dtype())
}

func declareLoop[T Float](p Place, s scan, b *body, in G.Nodes) (*G.Node, error) {
	l := &loop[T]{scan: s, body: b}
	var next *G.Node
	var err error
	if l.forward, next, err = newCellProgram[T](b, p.Tape); err != nil {
		return nil, err
	}
	if err := l.forward.compile(next); err != nil {
		return nil, err
	}
	l.next = l.forward.slot(next)
	k := spec[T]{shape: tensor.Shape{s.rows(), s.hidden}, flops: float64(s.steps) * l.forward.flops(), fwd: l.run}
	if p.Tape.Differentiated {
		back, err := newLoopBack(l, p.Tape)
		if err != nil {
			return nil, err
		}
		if back.do != nil {
			k.backs = append(k.backs, back)
		}
	}
	return declare(p, k, in)
}

// loop holds the compiled cell and the values of one run.
type loop[T Float] struct {
	scan
	*body
	forward *cellProgram[T]
	next    int                // slot of the cell's result
	values  []capturedValue[T] // values of captured nodes
	tokens  []*tensor.Dense    // rows of the current step, of each stream
	state   *tensor.Dense      // before the current step, (B, D)
}

// capturedValue caches the tensor over an operand's memory.
type capturedValue[T Float] struct {
	x []T
	i []int
	v G.Value
}

// Indices of the op's inputs; captured nodes follow the streams.
const (
	loopState = iota
	loopAt
	loopStreams
)

// run computes the states of all steps.
func (l *loop[T]) run(in []arg[T], out []T) {
	l.bind(l.forward, in)
	state := floats[T](l.state)
	copy(state, in[loopState].X)
	for k := range l.steps {
		l.setStep(k)
		l.loadTokens(l.forward, k, in)
		must(l.forward.run())
		next := values[T](l.forward.values[l.next])
		l.runs(k, in[loopAt].I, func(from, to int) {
			copy(span(state, from, to, l.hidden), span(next, from, to, l.hidden))
		}, func(int, int) {})
		scatter(l.scan, k, out, l.hidden, 0, state, l.hidden)
	}
}

// bind sets a program's inputs: the values that are the same at every step, and the tensors
// that each step overwrites.
func (l *loop[T]) bind(p *cellProgram[T], in []arg[T]) {
	if l.state == nil {
		l.state = tensor.New(tensor.Of(dtype[T]()), tensor.WithShape(l.Sequences, l.hidden))
		l.values = make([]capturedValue[T], len(l.captured))
		for _, s := range l.streams {
			l.tokens = append(l.tokens, tensor.New(tensor.Of(s.at.Dtype()), tensor.WithShape(s.at.Shape()...)))
		}
	}
	p.set(p.inputs[l.Prev], l.state)
	for i, s := range l.streams {
		p.set(p.inputs[s.at], l.tokens[i])
	}
	for i, n := range l.captured {
		if !isConstant(n) {
			p.set(p.inputs[n], l.values[i].value(n, in[loopStreams+len(l.streams)+i]))
		}
	}
	p.tape.Begin()
}

// value returns operand a as a value of Gorgonia. It makes a new tensor only if the operand's
// memory has changed.
func (h *capturedValue[T]) value(n *G.Node, a arg[T]) G.Value {
	switch {
	case n.IsScalar():
		return scalar(a.X[0])
	case h.v != nil && len(a.X) > 0 && len(h.x) == len(a.X) && &h.x[0] == &a.X[0],
		h.v != nil && len(a.I) > 0 && len(h.i) == len(a.I) && &h.i[0] == &a.I[0]:
	case a.I != nil:
		h.i, h.v = a.I, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(a.I))
	default:
		h.x, h.v = a.X, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(a.X))
	}
	return h.v
}

// loadTokens copies the rows of step k of each stream to the tensor that the cell reads.
func (l *loop[T]) loadTokens(p *cellProgram[T], k int, in []arg[T]) {
	for i, r := range l.tokens {
		gather(l.scan, k, floats[T](r), in[loopStreams+i].X, r.Shape()[1])
	}
}

// setStep sets the step that the cell's dropout reads.
func (l *loop[T]) setStep(k int) {
	if l.Step != nil {
		*l.Step = k
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
