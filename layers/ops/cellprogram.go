package ops

import (
	"fmt"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
	"euryale/layers/stock"
)

// cellProgram is a cell compiled on a graph of its own: the instructions of one step. It
// executes them itself, because starting Gorgonia's tape machine takes longer than a step.
type cellProgram[T Float] struct {
	graph  *G.ExprGraph
	tape   *Tape
	inputs map[*G.Node]*G.Node // nodes of the outer graph → placeholders of this one
	slots  map[*G.Node]int     // node → index in values
	values []G.Value
	code   []instruction[T]
}

// instruction is an op with the slots of its operands and of its result.
type instruction[T Float] struct {
	op   G.Op
	from []int
	to   int
	in   []G.Value
	sum  *tensor.Dense // result of an addition of gradients, else nil
	node *G.Node
}

// newCellProgram copies the cell's nodes to a new graph, in which streams, state and captured
// nodes are placeholders. It returns the copy of the cell's result too.
func newCellProgram[T Float](b *body, outer *Tape) (p *cellProgram[T], next *G.Node, err error) {
	p = &cellProgram[T]{graph: G.NewGraph(), tape: NewTape(), inputs: map[*G.Node]*G.Node{}, slots: map[*G.Node]int{}}
	outer.inner = append(outer.inner, p.tape)
	p.input(b.Prev, "state")
	for i, s := range b.streams {
		p.input(s.at, fmt.Sprintf("stream%d", i))
	}
	for i, n := range b.captured {
		p.input(n, fmt.Sprintf("captured%d", i))
	}
	copies := map[*G.Node]*G.Node{}
	for from, to := range p.inputs {
		copies[from] = to
	}
	for _, n := range b.nodes {
		op, in := n.Op(), stock.Operands(n)
		if own, ok := op.(interface{ onTape(*Tape) G.Op }); ok {
			op = own.onTape(p.tape)
		}
		for i, operand := range in {
			in[i] = copies[operand]
		}
		if copies[n], err = G.ApplyOp(op, in...); err != nil {
			return nil, nil, fmt.Errorf("%v of the cell cannot be declared on a graph of its own: %w", n.Op(), err)
		}
	}
	return p, copies[b.Next], nil
}

// input declares a placeholder for a node of the outer graph.
func (p *cellProgram[T]) input(n *G.Node, name string) {
	switch {
	case isConstant(n):
		p.inputs[n] = p.graph.AddNode(G.NewConstant(n.Value(), G.WithName(name)))
	case n.IsScalar():
		p.inputs[n] = G.NewScalar(p.graph, n.Dtype(), G.WithName(name))
	default:
		p.inputs[n] = G.NewTensor(p.graph, n.Dtype(), n.Dims(), G.WithShape(n.Shape()...), G.WithName(name))
	}
	p.slot(p.inputs[n])
}

// set sets the value of a node.
func (p *cellProgram[T]) set(n *G.Node, v G.Value) {
	i := p.slot(n)
	p.values[i] = v
}

func isConstant(n *G.Node) bool {
	return strings.HasPrefix(fmt.Sprintf("%T", n.Op()), "gorgonia.constant")
}

// slot returns the index of n's value, a new one for a new node.
func (p *cellProgram[T]) slot(n *G.Node) int {
	i, known := p.slots[n]
	if !known {
		i = len(p.values)
		p.slots[n], p.values = i, append(p.values, nil)
	}
	return i
}

// compile lists the instructions that compute the outputs.
func (p *cellProgram[T]) compile(outputs ...*G.Node) error {
	order, err := G.Sort(p.graph.ExactSubgraphRoots(outputs...))
	if err != nil {
		return err
	}
	slices.Reverse(order)
	p.tape.countCell(order)
	for _, n := range order {
		switch {
		case isConstant(n):
			p.set(n, n.Value())
			continue
		case n.Op() == nil:
			continue
		}
		from := stock.Operands(n)
		c := instruction[T]{op: n.Op(), node: n, to: p.slot(n), in: make([]G.Value, len(from))}
		for _, operand := range from {
			c.from = append(c.from, p.slot(operand))
		}
		if isSum(n, from) && n.Dtype() == dtype[T]() {
			c.sum = tensor.New(tensor.Of(dtype[T]()), tensor.WithShape(n.Shape()...))
		}
		p.code = append(p.code, c)
	}
	return nil
}

// flops returns the operations of the products of one step.
func (p *cellProgram[T]) flops() (sum float64) {
	for _, c := range p.code {
		sum += FlopsOf(c.node)
	}
	return sum
}

// isSum reports whether n adds two tensors of one shape, as Gorgonia does to add up gradients.
func isSum(n *G.Node, from G.Nodes) bool {
	return strings.HasPrefix(n.Op().String(), "+ ") && len(from) == 2 && !n.IsScalar() &&
		from[0].Shape().Eq(n.Shape()) && from[1].Shape().Eq(n.Shape())
}

// run executes the instructions once.
func (p *cellProgram[T]) run() error {
	for i := range p.code {
		c := &p.code[i]
		for j, slot := range c.from {
			c.in[j] = p.values[slot]
		}
		if c.sum != nil {
			vec.Add(floats[T](c.sum), values[T](c.in[0]), values[T](c.in[1]))
			p.values[c.to] = c.sum
			continue
		}
		v, err := c.op.Do(c.in...)
		if err != nil {
			return err
		}
		p.values[c.to] = v
	}
	return nil
}
