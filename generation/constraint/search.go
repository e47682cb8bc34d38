package constraint

import (
	"container/heap"
	"slices"
)

// The most states that one search visits: to know whether a constraint can be satisfied at all, and
// then to know which tokens are allowed. A token that leads to a state from which nothing is found by
// then is not.
const (
	maxExpanded  = 20000
	maxToAllowed = 1000
)

// distance returns the least number of tokens from q to acceptance, or never. ok is false if the
// search was given up.
//
// It is A* (Hart, Nilsson and Raphael 1968). The bounds of the states that a search visits become
// tighter by what it finds, as in adaptive A* (Koenig and Likhachev 2005), so that searches from
// near states are short.
func (s *solver) distance(q State) (d int32, ok bool) {
	if n := s.node(q); n.exact || n.lost {
		return s.node(q).tokens()
	}
	x := search{solver: s, seen: map[State]*visit{}}
	x.open(q, 0, Dead)
	for len(x.queue) > 0 {
		v := heap.Pop(&x.queue).(queued)
		at := x.seen[v.state]
		if at.closed || v.tokens > at.tokens {
			continue
		}
		if s.nearEnd(v.state) || s.node(v.state).exact {
			return x.found(v.state, v.tokens+s.node(v.state).bound), true
		}
		at.closed = true
		if x.expanded++; x.expanded > s.limit {
			s.node(q).lost = true
			return never, false
		}
		for _, next := range s.successors(v.state) {
			x.open(next, v.tokens+1, v.state)
		}
	}
	for p := range x.seen {
		n := s.node(p)
		n.bound, n.exact = never, true
	}
	return never, true
}

// search is one search for acceptance.
type search struct {
	*solver
	seen     map[State]*visit
	queue    queue
	expanded int
}

// visit is how a search reached a state.
type visit struct {
	tokens int32
	from   State
	closed bool
}

// open makes a state one to visit, unless a shorter way to it is known.
func (x *search) open(q State, tokens int32, from State) {
	n := x.node(q)
	if n.bound == never {
		return
	}
	v := x.seen[q]
	if v == nil {
		v = &visit{tokens: never}
		x.seen[q] = v
	}
	if v.closed || v.tokens <= tokens {
		return
	}
	v.tokens, v.from = tokens, from
	heap.Push(&x.queue, queued{q, tokens, tokens + n.bound})
}

// found keeps what a search has found: total tokens, from where it began, by way of last.
func (x *search) found(last State, total int32) int32 {
	for q, v := range x.seen {
		if n := x.node(q); v.closed && !n.exact {
			n.bound = max(n.bound, total-v.tokens)
		}
	}
	for q := last; q != Dead; q = x.seen[q].from {
		n := x.node(q)
		n.bound, n.exact = total-x.seen[q].tokens, true
	}
	return total
}

// shortest returns a text of the fewest tokens from q to acceptance.
func (s *solver) shortest(q State) string {
	if text, ok := s.shortests[q]; ok {
		return text
	}
	if s.memory != nil {
		if r := s.memory.forget(q); r != q {
			if text, ok := s.admitted(q, r); ok {
				return text
			}
		}
	}
	var text []byte
	for at := q; ; {
		d, ok := s.distance(at)
		if !ok || d == 0 || d == never {
			break
		}
		next := s.nearer(at, d)
		text = append(text, s.piece(next)...)
		at = next.state
	}
	s.shortests[q] = string(text)
	return string(text)
}

// nearer returns a token from q, whose distance is d, to a state whose distance is less.
func (s *solver) nearer(q State, d int32) reach {
	s.walk(q, false)
	all := slices.Clone(s.reached)
	for _, r := range all { // without a search, if that finds one
		if n := s.node(r.state); n.exact && n.bound == d-1 {
			return r
		}
	}
	for _, r := range all {
		if left, ok := s.distance(r.state); ok && left == d-1 {
			return r
		}
	}
	panic("constraint: a shortest path has no first token")
}

// queue orders the states to visit by the least total that they can lead to.
type queue []queued

type queued struct {
	state         State
	tokens, total int32
}

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].total < q[j].total || q[i].total == q[j].total && q[i].tokens > q[j].tokens
}
func (q *queue) Push(x any) { *q = append(*q, x.(queued)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
