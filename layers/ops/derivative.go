package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// SymDiff declares the nodes of the derivative: one for prep, if the op has it, and one for
// each gradient of each back. The first node of a back computes all its gradients; the others
// (pickOp) return theirs.
func (o *op[T]) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	given := append(append(G.Nodes{}, in...), out, grad)
	if o.k.prep != nil {
		p := &prepOp[T]{node: o.derived("prep", o.shape, given), f: o}
		pre, err := G.ApplyOp(p, given...)
		if err != nil {
			return nil, err
		}
		given = append(append(G.Nodes{}, in...), out, pre) // a new slice: Gorgonia retains the one passed
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

// prepOp runs prep, the first step of a derivative.
type prepOp[T Float] struct {
	node[T]
	f *op[T]
}

func (p *prepOp[T]) readsKept() *buffer { return &p.f.kept }

// Do runs prep.
func (p *prepOp[T]) Do(vs ...G.Value) (v G.Value, err error) {
	defer p.guard(&err)
	n := len(p.f.in)
	read(p.f.in, vs[:n])
	p.f.keep()
	p.f.k.prep(p.f.in, values[T](vs[n]), values[T](vs[n+1]), p.output())
	return p.out, nil
}

// backOp computes the gradients of one back.
type backOp[T Float] struct {
	node[T]
	f     *op[T]
	b     back[T]
	picks []*pickOp[T]
	adds  bool // to the gradient in its memory: see Tape.Plan
	gin   [][]T
}

func (b *backOp[T]) readsKept() *buffer { return &b.f.kept }
func (b *backOp[T]) canAdd() bool       { return b.b.add != nil }
func (b *backOp[T]) setAdds(adds bool)  { b.adds = adds }

// buffers returns the buffers of all its gradients.
func (b *backOp[T]) buffers() []*buffer {
	all := []*buffer{&b.buffer}
	for _, p := range b.picks {
		all = append(all, &p.buffer)
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
		b.gin[j+1] = p.destination()
	}
	b.f.keep()
	if b.adds {
		b.b.add(b.f.in, values[T](vs[n-1]), b.gin[0])
	} else {
		b.b.do(b.f.in, out, values[T](vs[n-1]), b.gin)
	}
	return b.out, nil
}

// pickOp returns a gradient that a backOp has computed.
type pickOp[T Float] struct{ node[T] }

// destination returns the memory that the backOp writes this gradient into.
func (p *pickOp[T]) destination() []T {
	if p.out == nil {
		p.out = tensor.New(tensor.WithShape(p.shape...), tensor.WithBacking(memory[T](&p.buffer)))
	}
	return floats[T](p.out)
}

// Do returns the gradient.
func (p *pickOp[T]) Do(...G.Value) (v G.Value, err error) {
	defer p.guard(&err)
	p.inOrder()
	return p.out, nil
}

// DiffWRT returns false for every operand: there are no second derivatives.
func (p *prepOp[T]) DiffWRT(n int) []bool { return make([]bool, n) }

// DiffWRT returns false for every operand: there are no second derivatives.
func (b *backOp[T]) DiffWRT(n int) []bool { return make([]bool, n) }

// DiffWRT returns false for every operand: there are no second derivatives.
func (p *pickOp[T]) DiffWRT(n int) []bool { return make([]bool, n) }

// SymDiff returns no gradients. Gorgonia wants it of ops that DiffWRT makes constants for differentiation.
func (p *prepOp[T]) SymDiff(in G.Nodes, _, _ *G.Node) (G.Nodes, error) {
	return make(G.Nodes, len(in)), nil
}

// SymDiff returns no gradients.
func (b *backOp[T]) SymDiff(in G.Nodes, _, _ *G.Node) (G.Nodes, error) {
	return make(G.Nodes, len(in)), nil
}

// SymDiff returns no gradients.
func (p *pickOp[T]) SymDiff(in G.Nodes, _, _ *G.Node) (G.Nodes, error) {
	return make(G.Nodes, len(in)), nil
}
