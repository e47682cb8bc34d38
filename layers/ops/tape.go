package ops

import (
	"fmt"
	"unsafe"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
	"euryale/internal/mapped"
)

// Tape is the state that the ops of one graph share: names, the memory plan, counts, and the
// error of the current run. It is also the graph's tensor engine.
type Tape struct {
	tensor.StdEng
	Differentiated bool // the graph will have gradients

	serial  int
	err     *RunError
	sums    []*sum // planned sums of gradients, in the order of the run
	next    int    // index of the next sum
	flops   float64
	bytes   int
	planned int     // bytes of the program that Plan has seen
	inner   []*Tape // tapes of the cells of loops

	holdsStopped bool

	weights  map[*G.Node]*Weight
	matrices map[*G.Node]bool // nodes that matrix products and lookups read
	tables   map[*G.Node]bool // read by a lookup

	padding padding

	position int            // in the planned order, of the last instruction that ran
	watch    func(done int) // nil: nobody does
}

// RunError is the error of an op that failed in a run, with the path of its layer.
type RunError struct {
	Path string
	Err  error
}

func (e *RunError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *RunError) Unwrap() error { return e.Err }

// NewTape returns a tape for one graph.
func NewTape() *Tape { return &Tape{} }

func (t *Tape) name(path string) string {
	t.serial++
	return fmt.Sprintf("%s#%d", path, t.serial)
}

// Flops returns the floating-point operations of the products of one forward pass: those of
// matrices, attention and convolutions.
func (t *Tape) Flops() float64 { return t.flops }

// HoldStopped(true) makes every StopGradient return the value of the next run in all later
// runs, until HoldStopped(false). Finite differences then treat it as a constant, as the
// derivative does.
func (t *Tape) HoldStopped(hold bool) { t.holdsStopped = hold }

// AddFlops adds n to Flops, for ops that are declared once and run several times.
func (t *Tape) AddFlops(n float64) { t.flops += n }

// Bytes returns the memory allocated so far for values and gradients.
func (t *Tape) Bytes() int {
	bytes := t.bytes
	for _, inner := range t.inner {
		bytes += inner.Bytes()
	}
	return bytes
}

// claim allocates n values and adds them to Bytes.
func claim[T Float](t *Tape, n int) []T {
	var one T
	t.bytes += n * int(unsafe.Sizeof(one))
	return make([]T, n)
}

// Begin resets the state of the last run.
func (t *Tape) Begin() { t.err, t.next, t.position = nil, 0, 0 }

// Watch has runs of a planned program call f before an instruction, with the number of those before
// it, which are complete. Nil: they call nothing.
func (t *Tape) Watch(f func(done int)) { t.watch = f }

// Err returns the error of the op that failed in this run, which Gorgonia does not return.
func (t *Tape) Err() *RunError { return t.err }

// guard recovers a panic of an op, sets err, and records it with the op's path.
func (n *node[T]) guard(err *error) {
	r := recover()
	if fault := mapped.Fault(r); fault != nil {
		r = fault
	}
	switch e := r.(type) {
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

// Add returns a + b, as the method of a tensor engine. The tape machine calls it to add up the
// gradients of a value that several layers read. If the terms are those of the next planned
// sum, the result is in that sum's buffer, and otherwise in new memory. That buffer may be the one of a term that nothing reads
// afterwards; Gorgonia's permission to overwrite a term is not enough, since two parameters may share that gradient.
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
		s, made := sumOf[float32](t, x, y)
		if !made {
			vec.Add(s.Float32s(), x.Float32s(), y.Float32s())
		}
		return s, nil
	case tensor.Float64:
		s, made := sumOf[float64](t, x, y)
		if !made {
			vec.Add(s.Float64s(), x.Float64s(), y.Float64s())
		}
		return s, nil
	}
	return t.StdEng.Add(a, b, opts...)
}

// sumOf returns the tensor for the sum of x and y, and whether the sum is in it.
func sumOf[T Float](t *Tape, x, y *tensor.Dense) (sum *tensor.Dense, made bool) {
	if t.next < len(t.sums) {
		s := t.sums[t.next]
		t.next++
		if s.a != nil && (s.a.out == x && s.b.out == y || s.a.out == y && s.b.out == x) {
			if s.out == nil {
				s.out = tensor.New(tensor.WithShape(x.Shape().Clone()...), tensor.WithBacking(memory[T](&s.buffer)))
			}
			return s.out, s.made
		}
		if s.made {
			panic("a sum of gradients that the memory plan has made is of other terms")
		}
	}
	return tensor.New(tensor.Of(x.Dtype()), tensor.WithShape(x.Shape().Clone()...)), false
}
