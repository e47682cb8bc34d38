// Package ops has the fused ops of Gorgonia graphs: linear layers, attention, normalisation,
// recurrences, losses. An op is a forward kernel with its derivative, both on slices.
// Gorgonia's tape machine runs it as one instruction, and gorgonia.Grad differentiates it as
// one node.
//
// A function such as Linear checks the operands' shapes and declares an op on them: Place is
// the graph's tape and the path of the layer, which errors name. Package layers wraps these
// functions; Apply declares an op written elsewhere (Op).
//
// Memory: the planner (Tape.Plan) assigns buffers to outputs and gradients before the first
// run, and runs allocate nothing. Errors: an op recovers its own panics, since the machine runs
// it in a goroutine of its own, and Tape.Err returns the error. Types: models run in float32;
// float64 is for checking gradients by finite differences.
//
// Letters in shapes: N rows, B sequences, T tokens of a sequence, C keys of a sequence, D
// columns, H heads or hidden units, V size of the vocabulary. Rows of a batch are B·T: one
// sequence after another. Lengths, positions and ids are integers.
package ops

import (
	"fmt"
	"runtime/debug"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel"
)

// Float is the constraint of a kernel's numbers: float32 or float64.
type Float = kernel.Float

// Arg is one operand of a kernel: floating-point numbers X, or integers I such as positions.
type Arg[T Float] struct {
	X []T
	I []int
}

type arg[T Float] = Arg[T]

// spec defines an op: its output's shape, forward and backward functions.
type spec[T Float] struct {
	shape tensor.Shape // of the output
	fwd   func(in []arg[T], out []T)
	// prep computes, from the output's gradient, a value of the same shape that all backs read
	// in its place, such as the gradient before a fused activation. Nil: they read gout.
	prep  func(in []arg[T], out, gout, pre []T)
	backs []back[T] // none: the op has no derivative
	pass  []int     // inputs whose gradient is equal to the output's
	own   []T       // memory of the output, if it is not a buffer of the planner
	keeps int       // values that fwd leaves for prep and the backs beside its output
	kept  *[]T      // set to the memory of those values before each of them runs
	flops float64   // operations of the products of fwd
	rows  bool      // fwd reads as many values of its first operand as it writes, not all
	// wide returns the spec for another number of rows, for an op that sums the gradients of
	// its parameters over rows: a loop computes them once for all steps.
	wide func(rows int) spec[T]
}

// back computes the gradients of some inputs and overwrites gin with them. Each back is a
// node of its own, so that unused gradients are not computed.
type back[T Float] struct {
	of    []int   // inputs that gin are the gradients of
	reads []int   // inputs that do reads, apart from gout; nil: all inputs, and out
	flops float64 // operations of the products of do
	do    func(in []arg[T], out, gout []T, gin [][]T)
	add   func(in []arg[T], gout, gin []T) // adds the one gradient to gin; nil: do alone can compute it
}

// Place is the tape of the graph that an op is declared in, and the path of its layer.
type Place struct {
	Tape *Tape
	Path string
}

// apply declares an op on in. The type of the first floating-point input selects a or b.
func apply(p Place, a spec[float32], b spec[float64], in ...*G.Node) (*G.Node, error) {
	for _, n := range in {
		switch n.Dtype() {
		case tensor.Float32:
			return declare(p, a, in)
		case tensor.Float64:
			return declare(p, b, in)
		}
	}
	return nil, fmt.Errorf("%s: no input holds floating-point numbers", p.Path)
}

func declare[T Float](p Place, k spec[T], in []*G.Node) (*G.Node, error) {
	o := &op[T]{node: newNode[T](p.Tape, p.Tape.name(p.Path), p.Path, k.shape),
		k: k, in: make([]arg[T], len(in)), diff: make([]bool, len(in)), kept: buffer{tape: p.Tape, size: k.keeps}}
	for _, n := range in {
		o.kids = append(o.kids, n.Type())
	}
	for _, b := range k.backs {
		for _, i := range b.of {
			o.diff[i] = true
		}
	}
	for _, i := range k.pass {
		o.diff[i] = true
	}
	p.Tape.flops += k.flops
	if k.own != nil {
		o.size, o.out = 0, tensor.New(tensor.WithShape(o.shape...), tensor.WithBacking(k.own))
	}
	return G.ApplyOp(o, in...)
}

// op is a forward op.
type op[T Float] struct {
	node[T]
	k       spec[T]
	in      []arg[T]
	diff    []bool
	kept    buffer                            // of k.keeps values
	forRows func(in G.Nodes) (*G.Node, error) // declares the op on more rows; nil: it is not rowwise
}

func (o *op[T]) rows() func(in G.Nodes) (*G.Node, error) { return o.forRows }

// onTape returns a copy of the op for a node of its own, with buffers of its own.
func (o *op[T]) onTape(t *Tape) G.Op {
	c := *o
	c.name = t.name(o.path)
	c.buffer, c.kept = buffer{tape: t, size: o.size}, buffer{tape: t, size: o.kept.size}
	c.in = make([]arg[T], len(o.in))
	return &c
}

// byRows marks n as rowwise: each row of its value depends only on the same row of its
// operands, and declare declares the op on more rows. It returns err unless that is nil.
func byRows(n *G.Node, err error, declare func(in G.Nodes) (*G.Node, error)) (*G.Node, error) {
	if err != nil {
		return nil, err
	}
	switch o := n.Op().(type) {
	case *op[float32]:
		o.forRows = declare
	case *op[float64]:
		o.forRows = declare
	}
	return n, nil
}

func (o *op[T]) DiffWRT(int) []bool { return o.diff }

// Do runs the forward kernel.
func (o *op[T]) Do(vs ...G.Value) (v G.Value, err error) {
	debug.SetPanicOnFault(true) // for guard: weights may be of a mapped file
	defer o.guard(&err)
	read(o.in, vs)
	o.keep()
	o.k.fwd(o.in, o.output())
	if o.shape.Dims() == 0 {
		return scalar(o.output()[0]), nil
	}
	return o.out, nil
}

// buffers returns those of the output and of the values that it keeps.
func (o *op[T]) buffers() []*buffer {
	if o.kept.size == 0 {
		return []*buffer{&o.buffer}
	}
	return []*buffer{&o.buffer, &o.kept}
}

// keep sets the memory of the values that the op keeps.
func (o *op[T]) keep() {
	if o.k.kept != nil {
		*o.k.kept = memory[T](&o.kept)
	}
}

// scalar returns x as a value of Gorgonia without axes, which is not a tensor.
func scalar[T Float](x T) G.Value {
	if v, ok := any(x).(float32); ok {
		return G.NewF32(v)
	}
	return G.NewF64(float64(x))
}

func dtype[T Float]() tensor.Dtype {
	if _, ok := any(T(0)).(float32); ok {
		return tensor.Float32
	}
	return tensor.Float64
}

// floats returns a tensor's values as a slice, also for one element, where Data() is a number.
func floats[T Float](d *tensor.Dense) []T {
	if d.Dtype() == tensor.Float32 {
		return any(d.Float32s()).([]T)
	}
	return any(d.Float64s()).([]T)
}

// values returns the numbers of a value as a slice. It panics if they are not contiguous in
// row-major order, or not of type T.
func values[T Float](v G.Value) []T {
	switch v := v.(type) {
	case *G.F32:
		return []T{T(*v)}
	case *G.F64:
		return []T{T(*v)}
	}
	d, ok := v.(*tensor.Dense)
	if !ok {
		panic(fmt.Sprintf("an input is a %T, want a tensor", v))
	}
	if d.RequiresIterator() || !d.DataOrder().IsContiguous() {
		panic("an input is a view or a transpose: copy it first")
	}
	if d.Dtype() != dtype[T]() {
		panic(fmt.Sprintf("an input holds %v, want %v", d.Dtype(), dtype[T]()))
	}
	return floats[T](d)
}

// read sets the operands of a kernel to the values of its inputs.
func read[T Float](in []arg[T], vs []G.Value) {
	for i, v := range vs {
		if d, ok := v.(*tensor.Dense); ok && d.Dtype() == tensor.Int {
			in[i] = arg[T]{I: d.Ints()}
			continue
		}
		in[i] = arg[T]{X: values[T](v)}
	}
}
