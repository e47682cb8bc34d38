package ops

import (
	"fmt"
	"time"

	G "gorgonia.org/gorgonia"

	"euryale/layers/stock"
)

// Timing is the time that the runs of a node have taken.
type Timing struct {
	Node *G.Node // of the graph that the model declared, or that differentiation added
	Time time.Duration
	Runs int
}

func (t *Timing) add(start time.Time) {
	t.Time += time.Since(start)
	t.Runs++
}

// Timed copies the nodes that outputs depend on to a graph of their own, in which every op
// measures its time: the ops are the same, with the same buffers, each inside an op that reads
// the clock before and after. It returns the timings, in the order of the nodes, and the copies
// of outputs. The graph that is copied is as it was, and is not slower.
func Timed(outputs G.Nodes) (timings []*Timing, copies G.Nodes, err error) {
	order, err := G.Sort(outputs[0].Graph().ExactSubgraphRoots(outputs...))
	if err != nil {
		return nil, nil, err
	}
	g, of := G.NewGraph(), map[*G.Node]*G.Node{}
	for i := len(order) - 1; i >= 0; i-- {
		n := order[i]
		switch {
		case isConstant(n):
			of[n] = g.AddNode(G.NewConstant(n.Value(), G.WithName(n.Name())))
		case n.Op() == nil:
			of[n] = copyInput(g, n)
		default:
			t := &Timing{Node: n}
			in := stock.Operands(n)
			for j := range in {
				in[j] = of[in[j]]
			}
			if of[n], err = G.ApplyOp(timedOp(n.Op(), t), in...); err != nil {
				return nil, nil, fmt.Errorf("%v cannot be declared on a graph of its own: %w", n.Op(), err)
			}
			if !of[n].Shape().Eq(n.Shape()) {
				return nil, nil, fmt.Errorf("%v has the shape %v on a graph of its own, and %v in the model", n.Op(), of[n].Shape(), n.Shape())
			}
			timings = append(timings, t)
		}
	}
	for _, n := range outputs {
		copies = append(copies, of[n])
	}
	return timings, copies, nil
}

func copyInput(g *G.ExprGraph, n *G.Node) *G.Node {
	with := []G.NodeConsOpt{G.WithName(n.Name())}
	if n.Value() != nil {
		with = append(with, G.WithValue(n.Value()))
	}
	if n.IsScalar() {
		return G.NewScalar(g, n.Dtype(), with...)
	}
	return G.NewTensor(g, n.Dtype(), n.Dims(), append(with, G.WithShape(n.Shape()...))...)
}

// timedOp returns op with a clock. It has the methods of op that the memory planner and the
// machine ask for.
func timedOp(op G.Op, t *Timing) G.Op {
	o := timed{op, t}
	switch inner := op.(type) {
	case G.DimSizer, passing: // Gorgonia reads shapes from the first while it declares; neither takes time
		return op
	case buffered:
		return &timedOwn{o, inner}
	case G.UsePreallocDoer:
		return &timedPrealloc{o, inner}
	}
	return &o
}

// timed is an op of Gorgonia's with a clock.
type timed struct {
	G.Op
	timing *Timing
}

// declared returns the node that the op was declared in.
func (o *timed) declared() *G.Node { return o.timing.Node }

// Do runs the op.
func (o *timed) Do(vs ...G.Value) (G.Value, error) {
	start := time.Now()
	v, err := o.Op.Do(vs...)
	o.timing.add(start)
	return v, err
}

// timedPrealloc is an op of Gorgonia's that can write its result into memory that it is given.
type timedPrealloc struct {
	timed
	into G.UsePreallocDoer
}

// UsePreallocDo runs the op.
func (o *timedPrealloc) UsePreallocDo(v G.Value, vs ...G.Value) (G.Value, error) {
	start := time.Now()
	r, err := o.into.UsePreallocDo(v, vs...)
	o.timing.add(start)
	return r, err
}

// timedOwn is an op of this package, whose memory the planner assigns.
type timedOwn struct {
	timed
	buffered
}

// untimed returns the op inside one with a clock, or op itself.
func untimed(op G.Op) G.Op {
	if o, ok := op.(*timedOwn); ok {
		return o.Op
	}
	return op
}
