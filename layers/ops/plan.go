package ops

import (
	"fmt"
	"slices"
	"strings"

	"euryale/layers/stock"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// arena is memory that buffers share: those that are in use at the same time have different parts of it.
type arena struct {
	size   int // values
	memory any // []T, made in the first run
}

// buffer is the memory of an op's output.
type buffer struct {
	tape     *Tape
	size     int // values of the output; 0: it has memory outside the plan (spec.own)
	arena    *arena
	offset   int // in the arena
	life     *lifetime
	position int // of the op in the order of the run
	out      *tensor.Dense
}

// lifetime is the first and the last position at which memory is in use: by a buffer, or by buffers each of which
// replaces the one before.
type lifetime struct {
	buffers     []*buffer
	size        int
	from, until int
}

func (l *lifetime) offset() int { return l.buffers[0].offset }

// adder is implemented by derivatives that may add a gradient to another in place of writing it.
type adder interface {
	canAdd() bool
	setAdds(adds bool)
}

// sum is an addition that Gorgonia inserts to add up the gradients of one value.
type sum struct {
	buffer
	a, b *buffer // of the terms
	made bool    // the second term that is computed has been added to the first
}

// keptReader is implemented by derivatives, which read the values that the op they are of has kept.
type keptReader interface{ readsKept() *buffer }

// buffered is implemented by the ops whose output memory the planner assigns: those of this
// package. The first buffer is that of the op's output, the others are computed with it.
type buffered interface{ buffers() []*buffer }

// passing is implemented by ops whose result is their first operand, in the same memory.
type passing interface{ passes() }

// Plan assigns memory to the values of a program before it runs. Memory is reused after the last
// instruction that reads a buffer in it. Order lists the nodes in the order
// of their instructions; keep are nodes whose values must stay valid after the run, pass those that
// what watches the tape reads when it is told that they are complete. A run in another order panics.
func (t *Tape) Plan(order, keep, pass G.Nodes) {
	sums := t.planSums(order)
	until := t.bufferLifetimes(order, t.lifetimes(order, keep, pass), sums)
	a := &arena{}
	var all []*lifetime
	readers := countReaders(order)
	for i, n := range order {
		for j, b := range t.buffersOf(n, sums) {
			if j == 0 {
				b.position = i
			}
			if b.size == 0 || b.arena != nil { // the latter of a pickOp, which its backOp has listed
				continue
			}
			b.arena = a
			switch s := sums[n]; {
			case s != nil:
				b.life = s.replaces(i)
			case j == 0 && i+1 < len(order):
				b.life = sums[order[i+1]].takes(n, b, i+1, readers)
			}
			if b.life != nil {
				b.life.buffers, b.life.until = append(b.life.buffers, b), max(b.life.until, until[b])
				continue
			}
			b.life = &lifetime{[]*buffer{b}, b.size, i, max(i, until[b])}
			all = append(all, b.life)
		}
	}
	a.place(all)
	t.countPlanned(order, a)
}

// alignment of buffers, in values: a line of the cache has as many float32.
const alignment = 16

// place sets the offsets of buffers, the largest first, each at the lowest that no buffer in use at the same time has
// (Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference", greedy by size).
func (a *arena) place(all []*lifetime) {
	slices.SortStableFunc(all, func(x, y *lifetime) int { return y.size - x.size })
	var placed []*lifetime // by offset
	for _, l := range all {
		offset := 0
		for _, p := range placed {
			if p.until < l.from || p.from > l.until {
				continue
			}
			if p.offset() >= offset+l.size {
				break
			}
			offset = max(offset, (p.offset()+p.size+alignment-1)/alignment*alignment)
		}
		for _, b := range l.buffers {
			b.offset = offset
		}
		at, _ := slices.BinarySearchFunc(placed, offset, func(p *lifetime, offset int) int { return p.offset() - offset })
		placed = slices.Insert(placed, at, l)
		a.size = max(a.size, offset+l.size)
	}
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

// takes returns the lifetime of the other term than b, the memory of node n, if b can be added to it in place of
// written: nothing reads either but the sum, which is at position i, right after n. It is nil for no sum.
func (s *sum) takes(n *G.Node, b *buffer, i int, readers map[*G.Node]int) *lifetime {
	op, ok := untimed(n.Op()).(adder)
	if !ok {
		return nil
	}
	op.setAdds(false)
	if s == nil || s.a == s.b || s.a != b && s.b != b || !op.canAdd() || readers[n] != 1 {
		return nil
	}
	other := s.a
	if other == b {
		other = s.b
	}
	if other.life == nil || other.life.until != i || other.size != b.size {
		return nil
	}
	s.made = true
	op.setAdds(true)
	return other.life
}

// countReaders returns how often each node is an operand.
func countReaders(order G.Nodes) map[*G.Node]int {
	readers := map[*G.Node]int{}
	for _, n := range order {
		if n.Op() != nil {
			for _, c := range stock.Operands(n) {
				readers[c]++
			}
		}
	}
	return readers
}

// replaces returns the lifetime of a term that nothing reads after the sum at position i: the sum is
// written in its place.
func (s *sum) replaces(i int) *lifetime {
	for _, term := range []*buffer{s.a, s.b} {
		if l := term.life; l != nil && l.until == i && l.size == s.size {
			return l
		}
	}
	return nil
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
func (t *Tape) lifetimes(order, keep, pass G.Nodes) map[*G.Node]int {
	last := map[*G.Node]int{}
	for _, n := range keep {
		last[n] = len(order)
	}
	t.untilTold(order, pass, last)
	for i := len(order) - 1; i >= 0; i-- {
		n, until := order[i], i
		if n.Op() == nil {
			continue
		}
		if _, ok := n.Op().(buffered); !ok && !copies(n) {
			until = max(i, last[n])
		}
		for j, c := range stock.Operands(n) {
			if _, ok := n.Op().(passing); ok && j > 0 {
				until = i
			}
			last[c] = max(last[c], until)
		}
	}
	return last
}

// untilTold sets the last position of nodes to that of the op after each which tells what watches the tape.
func (t *Tape) untilTold(order, nodes G.Nodes, last map[*G.Node]int) {
	wanted := map[*G.Node]bool{}
	for _, n := range nodes {
		wanted[n] = true
	}
	next := len(order)
	for i := len(order) - 1; i >= 0; i-- {
		if wanted[order[i]] {
			last[order[i]] = next
		}
		if op, ok := order[i].Op().(buffered); ok && op.buffers()[0].tape == t {
			next = i
		}
	}
}

// bufferLifetimes returns the last position at which each output buffer is read.
func (t *Tape) bufferLifetimes(order G.Nodes, last map[*G.Node]int, sums map[*G.Node]*sum) map[*buffer]int {
	until := map[*buffer]int{}
	for i, n := range order {
		if buffers := t.buffersOf(n, sums); len(buffers) > 0 {
			until[buffers[0]] = last[n]
		}
		if op, ok := untimed(n.Op()).(keptReader); ok {
			until[op.readsKept()] = i
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
