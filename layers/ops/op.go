// Package ops holds fused Gorgonia ops. One op is a forward kernel and its symbolic
// derivative, both on slices: the tape machine runs it as one instruction, and
// gorgonia.Grad differentiates it as one node.
//
// Every op runs in float32; float64 exists to check gradients by finite differences.
// Ops own their output buffers, so a steady loop makes no garbage, and recover their
// own panics, because the machine runs them in a goroutine where nobody else could.
//
// Letters in shapes: N rows, B lanes, T tokens of a lane, C keys of a lane, D width,
// H heads or hidden units, V vocabulary.
package ops

import (
	"fmt"
	"hash"
	"hash/fnv"
	"unsafe"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel"
)

// Float is what kernels compute in.
type Float = kernel.Float

// Arg is one operand of a kernel: numbers, or integers such as positions.
type Arg[T Float] struct {
	X []T
	I []int
}

type arg[T Float] = Arg[T]

// spec is the arithmetic of an op.
type spec[T Float] struct {
	shape tensor.Shape // of the output
	fwd   func(in []arg[T], out []T)
	// prep turns the output's gradient into what every back wants, in the shape of the
	// output: a fused activation's derivative, for instance. Nil leaves it as it is.
	prep  func(in []arg[T], out, gout, pre []T)
	backs []back[T] // none: the op has no derivative
	pass  []int     // inputs whose gradient is the output's own
	own   []T       // the output's memory, if it is not the op's own
	keeps int       // values that it keeps beside its output, made at the first run
	// wide is the same arithmetic on another number of rows, for an op that sums the gradients
	// of its parameters over rows: a loop computes them once for all steps.
	wide func(rows int) spec[T]
}

// back computes the gradients of some inputs, each overwritten. Backs are pruned one by
// one when nobody wants their gradients.
type back[T Float] struct {
	of    []int // the inputs
	reads []int // inputs that do reads, beside the output's gradient; nil: all, and the output
	do    func(in []arg[T], out, gout []T, gin [][]T)
}

// Place is where an op stands: its graph's tape, and the path of the layer it belongs to.
type Place struct {
	Tape *Tape
	Path string
}

// apply declares one op on in. The first input of floating-point numbers decides which
// of the two kernels runs.
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
		k: k, in: make([]arg[T], len(in)), diff: make([]bool, len(in))}
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
	if k.own != nil {
		o.size, o.out = 0, tensor.New(tensor.WithShape(o.shape...), tensor.WithBacking(k.own))
	}
	return G.ApplyOp(o, in...)
}

// node is what forward and backward ops have in common as Gorgonia ops. Its output
// buffer is made at the first run, so that pruned ops cost no memory.
type node[T Float] struct {
	spot
	name  string // unique in the graph: the node's identity
	path  string
	kids  []hm.Type
	shape tensor.Shape
}

func newNode[T Float](t *Tape, name, path string, shape tensor.Shape) node[T] {
	return node[T]{spot: spot{tape: t, size: shape.TotalSize()}, name: name, path: path, shape: shape.Clone()}
}

// PlaceOf is the path that the op of n was declared with, or "" if it is none of this
// package's. An op and its derivative have one path.
func PlaceOf(n *G.Node) string {
	if o, ok := n.Op().(interface{ place() string }); ok {
		return o.place()
	}
	return ""
}

func (n *node[T]) place() string { return n.path }

func (n *node[T]) Arity() int { return len(n.kids) }

// Type makes a new type on each call: Gorgonia recycles them.
func (n *node[T]) Type() hm.Type {
	var ret hm.Type = G.TensorType{Dims: n.shape.Dims(), Of: dtype[T]()}
	if n.shape.Dims() == 0 {
		ret = dtype[T]()
	}
	return hm.NewFnType(append(append([]hm.Type{}, n.kids...), ret)...)
}
func (n *node[T]) InferShape(...G.DimSizer) (tensor.Shape, error) { return n.shape.Clone(), nil }
func (n *node[T]) ReturnsPtr() bool                               { return false }
func (n *node[T]) CallsExtern() bool                              { return false }
func (n *node[T]) OverwritesInput() int                           { return -1 }
func (n *node[T]) String() string                                 { return n.name }
func (n *node[T]) WriteHash(h hash.Hash)                          { h.Write([]byte(n.name)) }
func (n *node[T]) Hashcode() uint32                               { h := fnv.New32a(); n.WriteHash(h); return h.Sum32() }

// output is the memory that this run fills.
func (n *node[T]) output() []T {
	n.inOrder()
	if n.out == nil {
		n.out = tensor.New(tensor.WithShape(n.shape...), tensor.WithBacking(memory[T](&n.spot)))
	}
	return floats[T](n.out)
}

// memory is where the plan puts an output, or memory of its own if there is no plan.
func memory[T Float](s *spot) []T {
	if s.slab == nil {
		s.slab = &slab{size: s.size}
	}
	if s.slab.memory == nil {
		v := make([]T, s.slab.size)
		s.slab.memory = v
		s.tape.bytes += len(v) * int(unsafe.Sizeof(v[0]))
	}
	return s.slab.memory.([]T)[:s.size:s.size]
}

func (n *node[T]) spots() []*spot { return []*spot{&n.spot} }

// op is a forward op.
type op[T Float] struct {
	node[T]
	k       spec[T]
	in      []arg[T]
	diff    []bool
	forRows func(in G.Nodes) (*G.Node, error) // declares it on more rows; nil: it does not work row by row
}

func (o *op[T]) rows() func(in G.Nodes) (*G.Node, error) { return o.forRows }

// onTape returns a copy of the op for another graph, with memory of its own.
func (o *op[T]) onTape(t *Tape) G.Op {
	c := *o
	c.spot = spot{tape: t, size: o.size}
	c.in = make([]arg[T], len(o.in))
	return &c
}

// byRows says of n, if err is nil, that it computes each row from the same row of its
// operands, and how to declare it on more rows.
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
	defer o.guard(&err)
	read(o.in, vs)
	o.k.fwd(o.in, o.output())
	if o.shape.Dims() == 0 {
		return scalar(o.output()[0]), nil
	}
	return o.out, nil
}

// scalar is a value of no axes, which Gorgonia does not keep in tensors.
func scalar[T Float](x T) G.Value {
	if v, ok := any(x).(float32); ok {
		return G.NewF32(v)
	}
	return G.NewF64(float64(x))
}

// SymDiff declares the nodes of the derivative: prep if the op has it, then one node for
// each back; a back of several inputs computes all its gradients in its first node, and
// the others pick theirs up.
func (o *op[T]) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	given := append(append(G.Nodes{}, in...), out, grad)
	if o.k.prep != nil {
		p := &prepOp[T]{node: o.derived("prep", o.shape, given), f: o}
		pre, err := G.ApplyOp(p, given...)
		if err != nil {
			return nil, err
		}
		given = append(append(G.Nodes{}, in...), out, pre) // a new list: Gorgonia keeps the one it was given
	}
	ret := make(G.Nodes, len(in))
	for _, i := range o.k.pass {
		ret[i] = grad
	}
	for _, b := range o.k.backs {
		kids := append(G.Nodes{}, given...)
		if b.reads != nil {
			kids = kids[:0]
			for _, i := range b.reads {
				kids = append(kids, in[i])
			}
			kids = append(kids, given[len(in)+1])
		}
		first := &backOp[T]{node: o.derived(fmt.Sprintf("d%d", b.of[0]), in[b.of[0]].Shape(), kids), f: o, b: b, gin: make([][]T, len(b.of))}
		head, err := G.ApplyOp(first, kids...)
		if err != nil {
			return nil, err
		}
		ret[b.of[0]] = head
		for j, i := range b.of[1:] {
			p := &pickOp[T]{node: o.derived(fmt.Sprintf("d%d", i), in[i].Shape(), G.Nodes{head})}
			first.picks = append(first.picks, p)
			if ret[i], err = G.ApplyOp(p, head); err != nil {
				return nil, fmt.Errorf("gradient %d: %w", j+1, err)
			}
		}
	}
	return ret, nil
}

func (o *op[T]) derived(what string, shape tensor.Shape, kids G.Nodes) node[T] {
	n := newNode[T](o.tape, what+"("+o.name+")", o.path, shape)
	for _, k := range kids {
		n.kids = append(n.kids, k.Type())
	}
	return n
}

// prepOp is the first step of a derivative.
type prepOp[T Float] struct {
	node[T]
	f *op[T]
}

// Do turns the output's gradient into what the backs want.
func (p *prepOp[T]) Do(vs ...G.Value) (v G.Value, err error) {
	defer p.guard(&err)
	n := len(p.f.in)
	read(p.f.in, vs[:n])
	p.f.k.prep(p.f.in, values[T](vs[n]), values[T](vs[n+1]), p.output())
	return p.out, nil
}

// backOp computes one back's gradients.
type backOp[T Float] struct {
	node[T]
	f     *op[T]
	b     back[T]
	picks []*pickOp[T]
	gin   [][]T
}

// spots are those of all its gradients.
func (b *backOp[T]) spots() []*spot {
	all := []*spot{&b.spot}
	for _, p := range b.picks {
		all = append(all, &p.spot)
	}
	return all
}

// Do runs the backward kernel.
func (b *backOp[T]) Do(vs ...G.Value) (v G.Value, err error) {
	defer b.guard(&err)
	n := len(vs)
	var out []T
	if b.b.reads == nil {
		read(b.f.in, vs[:n-2])
		out = values[T](vs[n-2])
	} else {
		for j, i := range b.b.reads {
			read(b.f.in[i:i+1], vs[j:j+1])
		}
	}
	b.gin[0] = b.output()
	for j, p := range b.picks {
		b.gin[j+1] = p.filled()
	}
	b.b.do(b.f.in, out, values[T](vs[n-1]), b.gin)
	return b.out, nil
}

// pickOp is a gradient that a backOp has computed already.
type pickOp[T Float] struct{ node[T] }

// filled is where its gradient is computed, when the first of the back runs.
func (p *pickOp[T]) filled() []T {
	if p.out == nil {
		p.out = tensor.New(tensor.WithShape(p.shape...), tensor.WithBacking(memory[T](&p.spot)))
	}
	return floats[T](p.out)
}

// Do hands over the gradient.
func (p *pickOp[T]) Do(...G.Value) (G.Value, error) { return p.out, nil }

// DiffWRT says that gradients have no gradients of their own.
func (p *prepOp[T]) DiffWRT(n int) []bool { return make([]bool, n) }

// DiffWRT says that gradients have no gradients of their own.
func (b *backOp[T]) DiffWRT(n int) []bool { return make([]bool, n) }

// DiffWRT says that gradients have no gradients of their own.
func (p *pickOp[T]) DiffWRT(n int) []bool { return make([]bool, n) }

func dtype[T Float]() tensor.Dtype {
	if _, ok := any(T(0)).(float32); ok {
		return tensor.Float32
	}
	return tensor.Float64
}

// floats views a tensor's numbers; Data() of a tensor of one element is no slice.
func floats[T Float](d *tensor.Dense) []T {
	if d.Dtype() == tensor.Float32 {
		return any(d.Float32s()).([]T)
	}
	return any(d.Float64s()).([]T)
}

// values views a value of type T, and panics when it is laid out otherwise than in rows.
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

func read[T Float](in []arg[T], vs []G.Value) {
	for i, v := range vs {
		if d, ok := v.(*tensor.Dense); ok && d.Dtype() == tensor.Int {
			in[i] = arg[T]{I: d.Ints()}
			continue
		}
		in[i] = arg[T]{X: values[T](v)}
	}
}
