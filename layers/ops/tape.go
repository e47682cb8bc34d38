package ops

import (
	"fmt"
	"unsafe"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
)

// Tape is what the ops of one graph share: their names, the sums that Gorgonia makes
// between them, and the first error of a run.
type Tape struct {
	tensor.StdEng
	Differentiated bool // the graph will have gradients

	serial  int
	err     *RunError
	sums    []*sum // in the order of the run
	next    int    // sum
	flops   float64
	bytes   int
	planned int     // bytes of the program that Plan has seen
	inner   []*Tape // of the cells of loops

	holdsStopped bool

	weights  map[*G.Node]*Weight
	matrices map[*G.Node]bool // nodes that products and lookups read

	position int // of the instruction that ran last, in the order planned
}

// RunError is an op that failed while a program ran. It says which layer it was.
type RunError struct {
	Path string
	Err  error
}

func (e *RunError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *RunError) Unwrap() error { return e.Err }

// NewTape returns the tape of one graph.
func NewTape() *Tape { return &Tape{} }

func (t *Tape) name(path string) string {
	t.serial++
	return fmt.Sprintf("%s#%d", path, t.serial)
}

// Flops is how many floating-point operations the matrix products of one forward pass
// take.
func (t *Tape) Flops() float64 { return t.flops }

// HoldStopped makes each StopGradient keep the value of the next run in the runs after it,
// until it is called with false: to finite differences it is a constant then, as it is to
// the derivative.
func (t *Tape) HoldStopped(hold bool) { t.holdsStopped = hold }

// AddFlops counts operations of matrix products that ops declared once and run many times
// take beyond their first.
func (t *Tape) AddFlops(n float64) { t.flops += n }

// Bytes is the memory that values and gradients have taken so far.
func (t *Tape) Bytes() int {
	bytes := t.bytes
	for _, inner := range t.inner {
		bytes += inner.Bytes()
	}
	return bytes
}

// claim is memory for n values, which the tape counts.
func claim[T Float](t *Tape, n int) []T {
	var one T
	t.bytes += n * int(unsafe.Sizeof(one))
	return make([]T, n)
}

// Begin starts a run.
func (t *Tape) Begin() { t.err, t.next, t.position = nil, 0, 0 }

// Err is the error of the op that failed in this run. Gorgonia's own error hides it.
func (t *Tape) Err() *RunError { return t.err }

func (n *node[T]) guard(err *error) {
	switch e := recover().(type) {
	case nil:
		return
	case *RunError: // of an op inside this one
		n.tape.err = e
	case error:
		n.tape.err = &RunError{n.path, e}
	default:
		n.tape.err = &RunError{n.path, fmt.Errorf("%v", e)}
	}
	*err = n.tape.err
}

// Add is the addition of Gorgonia's tensor engine: the tape machine calls it where the
// gradients of a value that several layers use meet. The sum goes where the plan says, if
// the terms are those that the plan has next, and otherwise to new memory: never to where
// a term lies, even if Gorgonia offers that because nobody reads the term any more, since
// a gradient that two parameters share would be lost.
func (t *Tape) Add(a, b tensor.Tensor, opts ...tensor.FuncOpt) (tensor.Tensor, error) {
	x, okA := a.(*tensor.Dense)
	y, okB := b.(*tensor.Dense)
	if !okA || !okB || !x.Shape().Eq(y.Shape()) || x.Dtype() != y.Dtype() || x.RequiresIterator() || y.RequiresIterator() ||
		!x.DataOrder().IsContiguous() || !y.DataOrder().IsContiguous() {
		return t.StdEng.Add(a, b, opts...)
	}
	if len(opts) > 0 {
		o := tensor.ParseFuncOpts(opts...)
		r, isDense := o.Reuse().(*tensor.Dense)
		if o.Incr() != nil || !o.Safe() || o.Reuse() != nil && !(isDense && r.Shape().Eq(x.Shape()) && r.Dtype() == x.Dtype()) {
			return t.StdEng.Add(a, b, opts...)
		}
	}
	switch x.Dtype() {
	case tensor.Float32:
		s := sumOf[float32](t, x, y)
		vec.Add(s.Float32s(), x.Float32s(), y.Float32s())
		return s, nil
	case tensor.Float64:
		s := sumOf[float64](t, x, y)
		vec.Add(s.Float64s(), x.Float64s(), y.Float64s())
		return s, nil
	}
	return t.StdEng.Add(a, b, opts...)
}

// sumOf is where the sum of x and y goes.
func sumOf[T Float](t *Tape, x, y *tensor.Dense) *tensor.Dense {
	if t.next < len(t.sums) {
		s := t.sums[t.next]
		t.next++
		if s.a != nil && (s.a.out == x && s.b.out == y || s.a.out == y && s.b.out == x) {
			if s.out == nil {
				s.out = tensor.New(tensor.WithShape(x.Shape().Clone()...), tensor.WithBacking(memory[T](&s.spot)))
			}
			return s.out
		}
	}
	return tensor.New(tensor.Of(x.Dtype()), tensor.WithShape(x.Shape().Clone()...))
}
