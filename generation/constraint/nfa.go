package constraint

// nfa is a nondeterministic automaton over bytes, with calls: parts that are used in several places
// or within themselves exist once, and a stack keeps where they return to. It is built from its end
// to its beginning: each method returns the node at which a part begins that continues at next.
type nfa struct {
	nodes []node
}

type nodeKind uint8

const (
	readByte  nodeKind = iota // one of edges
	split                     // a or b, without a byte
	call                      // the part that begins at a, then b
	giveBack                  // the end of a called part, or of the text
	openText                  // a text begins, in which ^ holds here; then a
	closeText                 // it ends; then a
	atBegin                   // ^, then a
	atEnd                     // $, then a
	fail                      // nothing matches
)

type node struct {
	kind  nodeKind
	edges []edge
	a, b  int32
}

// edge leads to a node by a byte from lo to hi.
type edge struct {
	lo, hi byte
	to     int32
}

func (n *nfa) add(x node) int32 {
	n.nodes = append(n.nodes, x)
	return int32(len(n.nodes) - 1)
}

// literal reads these bytes.
func (n *nfa) literal(text string, next int32) int32 {
	for i := len(text) - 1; i >= 0; i-- {
		next = n.add(node{kind: readByte, edges: []edge{{text[i], text[i], next}}})
	}
	return next
}

// either continues at one of several nodes; at none it fails.
func (n *nfa) either(starts ...int32) int32 {
	if len(starts) == 0 {
		return n.add(node{kind: fail})
	}
	start := starts[len(starts)-1]
	for i := len(starts) - 2; i >= 0; i-- {
		start = n.add(node{kind: split, a: starts[i], b: start})
	}
	return start
}

// star repeats a part any number of times.
func (n *nfa) star(part func(next int32) int32, next int32) int32 {
	loop := n.add(node{kind: split, b: next})
	n.nodes[loop].a = part(loop)
	return loop
}

// repeat repeats a part from least to most times; most < 0 is without limit.
func (n *nfa) repeat(part func(next int32) int32, least, most int, next int32) int32 {
	if most < 0 {
		next = n.star(part, next)
	}
	for i := most; i > least; i-- {
		next = n.add(node{kind: split, a: part(next), b: next})
	}
	for range least {
		next = part(next)
	}
	return next
}

// productive returns, for each node, whether some bytes lead from it to the end of its part.
func (n *nfa) productive() []bool {
	ok := make([]bool, len(n.nodes))
	for changed := true; changed; {
		changed = false
		for i, x := range n.nodes {
			if !ok[i] && x.leads(ok) {
				ok[i], changed = true, true
			}
		}
	}
	return ok
}

// leads reports whether a node leads to the end of its part, given which others do.
func (x *node) leads(ok []bool) bool {
	switch x.kind {
	case giveBack:
		return true
	case fail:
		return false
	case readByte:
		for _, e := range x.edges {
			if ok[e.to] {
				return true
			}
		}
		return false
	case split:
		return ok[x.a] || ok[x.b]
	case call:
		return ok[x.a] && ok[x.b]
	}
	return ok[x.a]
}
