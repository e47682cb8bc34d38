package ops

import G "gorgonia.org/gorgonia"

// PlannedBytes returns the memory that a planned program takes when it runs: values and
// gradients by the plan, and what ops keep beside their outputs. It claims nothing. Loops
// also keep what their derivative wants of each step, which is not counted.
func (t *Tape) PlannedBytes() int {
	bytes := t.planned
	for _, inner := range t.inner {
		bytes += inner.PlannedBytes()
	}
	return bytes
}

// countPlanned sets the memory of a program to that of its arena.
func (t *Tape) countPlanned(order G.Nodes, a *arena) {
	for _, n := range order {
		if _, ok := n.Op().(buffered); ok {
			t.planned = a.size * int(n.Dtype().Size())
		}
	}
}

// countCell adds up the outputs of a cell's nodes, which have memory of their own.
func (t *Tape) countCell(order G.Nodes) {
	for _, n := range order {
		if op, ok := n.Op().(buffered); ok && op.buffers()[0].size > 0 {
			t.planned += n.Shape().TotalSize() * int(n.Dtype().Size())
		}
		if op, ok := n.Op().(interface{ keeps() int }); ok {
			t.planned += op.keeps() * int(n.Dtype().Size())
		}
	}
}

// keeps returns how many values the op keeps beside its output.
func (o *op[T]) keeps() int { return o.kept.size }
