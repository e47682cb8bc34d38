package ops

import (
	"fmt"
	"slices"
	"strings"

	"euryale/layers/stock"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// slab is a piece of memory that several values of a run use in turn.
type slab struct {
	size   int // values
	memory any // []T, made at the first run
}

// spot is where an op's output lies, and when the op runs.
type spot struct {
	tape     *Tape
	size     int // values of the output; 0: they have memory of their own
	slab     *slab
	position int // in the order of the run
	out      *tensor.Dense
}

// sum is an addition that Gorgonia makes where gradients meet.
type sum struct {
	spot
	a, b *spot // of the terms
}

// spotted are the ops of this package: spots are those of the op's output, first, and of
// what is computed along with it.
type spotted interface{ spots() []*spot }

// Plan gives the values of a program their memory before it runs: a slab is free for
// another value after the last instruction that reads the one in it. Order is that of the
// instructions, and keep are nodes whose values must outlive the run. A run in another
// order is an error, not a wrong result.
func (t *Tape) Plan(order, keep G.Nodes) {
	last := lifetimes(order, keep)
	sums := t.planSums(order)
	until := t.spotLifetimes(order, last, sums)
	var free, held []*slab
	ends := map[*slab]int{} // the last instruction that reads what is in it
	for i, n := range order {
		spots := t.spotsOf(n, sums)
		if len(spots) == 0 {
			continue
		}
		spots[0].position = i
		held = slices.DeleteFunc(held, func(s *slab) bool {
			if ends[s] < i {
				free = append(free, s)
			}
			return ends[s] < i
		})
		for _, s := range spots {
			if s.size == 0 || s.slab != nil { // a pick's was found when its gradient was computed
				continue
			}
			s.slab, free = fit(free, s.size)
			held, ends[s.slab] = append(held, s.slab), max(i, until[s])
		}
	}
	t.countPlanned(order, free, held)
}

// planSums lists the sums of gradients in the order of the run, by their nodes.
func (t *Tape) planSums(order G.Nodes) map[*G.Node]*sum {
	sums := map[*G.Node]*sum{}
	for _, n := range order {
		if n.Op() == nil || !strings.HasPrefix(n.Op().String(), "+ ") {
			continue
		}
		var terms []*spot
		for _, c := range stock.Operands(n) {
			if spots := t.spotsOf(c, sums); len(spots) > 0 && c.Shape().Eq(n.Shape()) && !n.IsScalar() {
				terms = append(terms, spots[0])
			}
		}
		s := &sum{spot: spot{tape: t}}
		if len(terms) == 2 {
			s.size, s.a, s.b = n.Shape().TotalSize(), terms[0], terms[1]
		}
		sums[n] = s
		t.sums = append(t.sums, s)
	}
	return sums
}

// spotsOf are the spots of n's op, if it is one of this tape's or a planned sum.
func (t *Tape) spotsOf(n *G.Node, sums map[*G.Node]*sum) []*spot {
	if s := sums[n]; s != nil && s.size > 0 {
		return []*spot{&s.spot}
	}
	if op, ok := n.Op().(spotted); ok && op.spots()[0].tape == t {
		return op.spots()
	}
	return nil
}

// lifetimes is the last position at which each node's value is read. The result of a
// stock op may lie where its inputs do, so that these live as long as it does.
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
		if _, ok := n.Op().(spotted); !ok && !copies(n) {
			until = max(i, last[n])
		}
		for _, c := range stock.Operands(n) {
			last[c] = max(last[c], until)
		}
	}
	return last
}

func (t *Tape) spotLifetimes(order G.Nodes, last map[*G.Node]int, sums map[*G.Node]*sum) map[*spot]int {
	until := map[*spot]int{}
	for _, n := range order {
		if spots := t.spotsOf(n, sums); len(spots) > 0 {
			until[spots[0]] = last[n]
		}
	}
	return until
}

// copies says whether a stock op is known to put its result elsewhere than its inputs:
// the sums of gradients, which Tape.Add makes, and what Gorgonia reads out.
func copies(n *G.Node) bool {
	op := n.Op().String()
	return strings.HasPrefix(op, "+ ") || op == "print"
}

// fit takes the smallest free slab that is large enough, or enlarges the largest, or
// makes one.
func fit(free []*slab, size int) (*slab, []*slab) {
	if len(free) == 0 {
		return &slab{size: size}, free
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

// inOrder fails when an op runs before one that the plan put ahead of it.
func (s *spot) inOrder() {
	if s.position < s.tape.position {
		panic(fmt.Errorf("the machine runs instruction %d after %d, which is not the order planned", s.position, s.tape.position))
	}
	s.tape.position = s.position
}
