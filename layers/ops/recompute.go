package ops

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/stock"
)

// Recompute returns y, a function of x, with another derivative: the values between x and y are not kept for it, but
// computed again from x when the gradient of y is known (Chen et al. 2016, "Training Deep Nets with Sublinear Memory
// Cost"). Gradients are the same to the bit. A value between them that others read too is kept.
func Recompute(p Place, x, y *G.Node) (*G.Node, error) {
	s := newSegment(x, y)
	if len(s.nodes) == 0 {
		return y, nil
	}
	return G.ApplyOp(&recomputed{newPass(p, append(G.Nodes{y}, s.captured...)), p.Tape, s}, append(G.Nodes{y}, s.captured...)...)
}

// segment is the part of a graph that computes y from x.
type segment struct {
	y        *G.Node
	nodes    G.Nodes // that depend on x, operands first; y is the last
	captured G.Nodes // what they read: x, parameters, values of other layers
	wanted   []bool  // captured nodes that y has a gradient with respect to
}

func newSegment(x, y *G.Node) *segment {
	s := &segment{y: y}
	seen, on := map[*G.Node]bool{}, dependents(x)
	var visit func(n *G.Node)
	visit = func(n *G.Node) {
		switch {
		case seen[n]:
		case n == x, !on(n) && !isReshape(n):
			s.captured = append(s.captured, n)
		default:
			for _, operand := range stock.Operands(n) {
				visit(operand)
			}
			s.nodes = append(s.nodes, n)
		}
		seen[n] = true
	}
	if on(y) && x != y {
		visit(y)
	}
	reached := s.differentiable()
	for _, n := range s.captured {
		s.wanted = append(s.wanted, reached[n])
	}
	return s
}

// dependents returns a function that reports whether a node is computed from x.
func dependents(x *G.Node) func(n *G.Node) bool {
	known := map[*G.Node]bool{x: true}
	var on func(n *G.Node) bool
	on = func(n *G.Node) bool {
		depends, ok := known[n]
		if ok {
			return depends
		}
		for _, operand := range stock.Operands(n) {
			depends = on(operand) || depends
		}
		known[n] = depends
		return depends
	}
	return on
}

// differentiable returns the nodes that y has a gradient with respect to, by way of the segment's nodes.
func (s *segment) differentiable() map[*G.Node]bool {
	reached := map[*G.Node]bool{s.y: true}
	for i := len(s.nodes) - 1; i >= 0; i-- {
		n := s.nodes[i]
		op, ok := n.Op().(G.SDOp)
		if !ok || !reached[n] {
			continue
		}
		in := stock.Operands(n)
		for j, wanted := range op.DiffWRT(len(in)) {
			reached[in[j]] = reached[in[j]] || wanted
		}
	}
	return reached
}

// again declares copies of the segment's nodes on its graph, which run when the gradient of y is known. It returns the
// copy of y, and what the copies read in place of the captured nodes.
func (s *segment) again(p Place, grad *G.Node) (y *G.Node, in G.Nodes, err error) {
	copies := map[*G.Node]*G.Node{}
	for _, n := range s.captured {
		copies[n] = n
		if n.Dtype() != tensor.Int && !isConstant(n) {
			after := newPass(p, G.Nodes{n, grad})
			if copies[n], err = G.ApplyOp(&after, n, grad); err != nil {
				return nil, nil, err
			}
		}
		in = append(in, copies[n])
	}
	for _, n := range s.nodes {
		op, operands := n.Op(), stock.Operands(n)
		if own, ok := op.(interface{ onTape(*Tape) G.Op }); ok {
			op = own.onTape(p.Tape)
		}
		for i, operand := range operands {
			operands[i] = copies[operand]
		}
		if copies[n], err = G.ApplyOp(op, operands...); err != nil {
			return nil, nil, fmt.Errorf("%v cannot be declared a second time: %w", n.Op(), err)
		}
	}
	return copies[s.y], in, nil
}

// recomputed is the op of Recompute. Its operands are y and the captured nodes.
type recomputed struct {
	pass
	tape *Tape
	*segment
}

// DiffWRT returns true for the captured nodes that y has a gradient with respect to. That of y itself would need the
// values that are not kept.
func (o *recomputed) DiffWRT(int) []bool { return append([]bool{false}, o.wanted...) }

// SymDiff declares the segment a second time, and differentiates that.
func (o *recomputed) SymDiff(_ G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	y, in, err := o.again(Place{o.tape, o.path}, grad)
	if err != nil {
		return nil, err
	}
	var wrt G.Nodes
	for i, wanted := range o.wanted {
		if wanted {
			wrt = append(wrt, in[i])
		}
	}
	grads, err := G.Backpropagate(G.Nodes{y}, G.Nodes{grad}, wrt)
	if err != nil {
		return nil, fmt.Errorf("the block cannot be differentiated: %w", err)
	}
	ret := make(G.Nodes, 1+len(in))
	for i, wanted := range o.wanted {
		if wanted {
			ret[1+i], grads = grads[0], grads[1:]
		}
	}
	return ret, nil
}

// pass is an op whose result is its first operand, in the same memory. It waits for its other operands.
type pass struct {
	name, path string
	kids       []hm.Type
	shape      tensor.Shape
}

func newPass(p Place, in G.Nodes) pass {
	o := pass{name: p.Tape.name(p.Path), path: p.Path, shape: in[0].Shape().Clone()}
	for _, n := range in {
		o.kids = append(o.kids, n.Type())
	}
	return o
}

// Do returns the first operand.
func (o *pass) Do(vs ...G.Value) (G.Value, error) { return vs[0], nil }

// DiffWRT returns false for every operand.
func (o *pass) DiffWRT(n int) []bool { return make([]bool, n) }

// SymDiff returns no gradients.
func (o *pass) SymDiff(in G.Nodes, _, _ *G.Node) (G.Nodes, error) { return make(G.Nodes, len(in)), nil }

func (o *pass) passes()       {}
func (o *pass) place() string { return o.path }
func (o *pass) Arity() int    { return len(o.kids) }
func (o *pass) Type() hm.Type {
	return hm.NewFnType(append(append([]hm.Type{}, o.kids...), o.kids[0])...)
}
func (o *pass) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }
func (o *pass) ReturnsPtr() bool                               { return false }
func (o *pass) CallsExtern() bool                              { return false }
func (o *pass) OverwritesInput() int                           { return -1 }
func (o *pass) String() string                                 { return o.name }
func (o *pass) WriteHash(h hash.Hash)                          { h.Write([]byte(o.name)) }
func (o *pass) Hashcode() uint32                               { h := fnv.New32a(); o.WriteHash(h); return h.Sum32() }
