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

// countPlanned adds up the memory of the program's nodes in the allocations of its plan.
func (t *Tape) countPlanned(order G.Nodes, allocations ...[]*allocation) {
	values, size := 0, 0
	for _, n := range order {
		if op, ok := n.Op().(interface{ keeps() int }); ok {
			values += op.keeps()
		}
		if _, ok := n.Op().(buffered); ok {
			size = int(n.Dtype().Size())
		}
	}
	for _, list := range allocations {
		for _, s := range list {
			values += s.size
		}
	}
	t.planned = values * size
}

// countCell adds up the outputs of a cell's nodes, which have memory of their own.
func (t *Tape) countCell(order G.Nodes) {
	for _, n := range order {
		if op, ok := n.Op().(buffered); ok && op.buffers()[0].size > 0 {
			t.planned += n.Shape().TotalSize() * int(n.Dtype().Size())
		}
	}
}

// keeps returns how many values the op keeps beside its output.
func (o *op[T]) keeps() int { return o.k.keeps }
