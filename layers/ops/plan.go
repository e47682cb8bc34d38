package ops

import (
	"fmt"
	"slices"
	"strings"

	"euryale/layers/stock"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// allocation is a block of memory that several buffers share, one after another.
type allocation struct {
	size   int // values
	memory any // []T, made in the first run
}

// buffer is the memory of an op's output.
type buffer struct {
	tape       *Tape
	size       int // values of the output; 0: it has memory outside the plan (spec.own)
	allocation *allocation
	position   int // of the op in the order of the run
	out        *tensor.Dense
}

// sum is an addition that Gorgonia inserts to add up the gradients of one value.
type sum struct {
	buffer
	a, b *buffer // of the terms
}

// buffered is implemented by the ops whose output memory the planner assigns: those of this
// package. The first buffer is that of the op's output, the others are computed with it.
type buffered interface{ buffers() []*buffer }

// Plan assigns memory to the values of a program before it runs. A buffer's allocation is
// reused after the last instruction that reads the buffer. Order lists the nodes in the order
// of their instructions; keep are nodes whose values must stay valid after the run. A run in
// another order panics.
func (t *Tape) Plan(order, keep G.Nodes) {
	last := lifetimes(order, keep)
	sums := t.planSums(order)
	until := t.bufferLifetimes(order, last, sums)
	var free, used []*allocation
	ends := map[*allocation]int{} // the last instruction that reads the buffer in it
	for i, n := range order {
		buffers := t.buffersOf(n, sums)
		if len(buffers) == 0 {
			continue
		}
		buffers[0].position = i
		used = slices.DeleteFunc(used, func(s *allocation) bool {
			if ends[s] < i {
				free = append(free, s)
			}
			return ends[s] < i
		})
		for _, s := range buffers {
			if s.size == 0 || s.allocation != nil { // of a pickOp: assigned with its backOp
				continue
			}
			s.allocation, free = fit(free, s.size)
			used, ends[s.allocation] = append(used, s.allocation), max(i, until[s])
		}
	}
	t.countPlanned(order, free, used)
}

// planSums finds the sums of gradients, and appends them to t.sums in the order of the run.
func (t *Tape) planSums(order G.Nodes) map[*G.Node]*sum {
	sums := map[*G.Node]*sum{}
	for _, n := range order {
		if n.Op() == nil || !strings.HasPrefix(n.Op().String(), "+ ") {
			continue
		}
		var terms []*buffer
		for _, c := range stock.Operands(n) {
			if buffers := t.buffersOf(c, sums); len(buffers) > 0 && c.Shape().Eq(n.Shape()) && !n.IsScalar() {
				terms = append(terms, buffers[0])
			}
		}
		s := &sum{buffer: buffer{tape: t}}
		if len(terms) == 2 {
			s.size, s.a, s.b = n.Shape().TotalSize(), terms[0], terms[1]
		}
		sums[n] = s
		t.sums = append(t.sums, s)
	}
	return sums
}

// buffersOf returns the buffers of n's op, if it is an op of this tape or a planned sum.
func (t *Tape) buffersOf(n *G.Node, sums map[*G.Node]*sum) []*buffer {
	if s := sums[n]; s != nil && s.size > 0 {
		return []*buffer{&s.buffer}
	}
	if op, ok := n.Op().(buffered); ok && op.buffers()[0].tape == t {
		return op.buffers()
	}
	return nil
}

// lifetimes returns the last position at which each node's value is read. A stock op may
// return the memory of an input, so that its inputs must live as long as its result.
func lifetimes(order, keep G.Nodes) map[*G.Node]int {
	last := map[*G.Node]int{}
	for _, n := range keep {
		last[n] = len(order)
	}
	for i := len(order) - 1; i >= 0; i-- {
		n, until := order[i], i
		if n.Op() == nil {
			continue
		}
		if _, ok := n.Op().(buffered); !ok && !copies(n) {
			until = max(i, last[n])
		}
		for _, c := range stock.Operands(n) {
			last[c] = max(last[c], until)
		}
	}
	return last
}

// bufferLifetimes returns the last position at which each output buffer is read.
func (t *Tape) bufferLifetimes(order G.Nodes, last map[*G.Node]int, sums map[*G.Node]*sum) map[*buffer]int {
	until := map[*buffer]int{}
	for _, n := range order {
		if buffers := t.buffersOf(n, sums); len(buffers) > 0 {
			until[buffers[0]] = last[n]
		}
	}
	return until
}

// copies reports whether a stock op is known not to return the memory of an input:
// the sums of gradients, which Tape.Add makes, and what Gorgonia reads out.
func copies(n *G.Node) bool {
	op := n.Op().String()
	return strings.HasPrefix(op, "+ ") || op == "print"
}

// fit removes from free, and returns, the smallest allocation that is large enough, or the
// largest, which it enlarges. If there is none it returns a new one.
func fit(free []*allocation, size int) (*allocation, []*allocation) {
	if len(free) == 0 {
		return &allocation{size: size}, free
	}
	best := 0
	for i, s := range free {
		fits, smaller := s.size >= size, s.size < free[best].size
		if bestFits := free[best].size >= size; fits && (smaller || !bestFits) || !fits && !bestFits && !smaller {
			best = i
		}
	}
	s := free[best]
	s.size = max(s.size, size)
	return s, slices.Delete(free, best, best+1)
}

// inOrder panics if an op runs after one that the plan has behind it.
func (s *buffer) inOrder() {
	if s.position < s.tape.position {
		panic(fmt.Errorf("instruction %d ran after instruction %d: the memory plan is for another order", s.position, s.tape.position))
	}
	s.tape.position = s.position
	if s.tape.watch != nil {
		s.tape.watch(s.position)
	}
}
