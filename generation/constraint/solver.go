package constraint

// solver finds out which tokens lead from a state of an automaton to acceptance, and in how many
// tokens. It keeps what it has found.
type solver struct {
	a      Automaton
	vocab  *Vocabulary
	parts  []*solver // of a product: their distances are bounds of its own
	index  []int     // of each part in the product
	memory forgetter // the automaton, if it is one

	shortests map[State]string   // what shortest has found
	others    map[State][]string // what vary returned, of states without memory

	rows  []*[256]State // transitions by state and byte
	nodes []searchNode  // by state
	masks map[State]*mask
	kept  int // tokens in masks

	limit int // of the states that a search visits

	reached []reach // of the last walk
	path    []step  // of the nodes above the one that is visited
	marks   []int32 // by state: the walk that reached it last
	walks   int32
}

// searchNode is what is known of a state.
type searchNode struct {
	bound  int32 // tokens to acceptance: at least so many
	exact  bool  // precisely so many
	known  bool  // bound is set
	lost   bool  // the search for acceptance was given up
	next   []State
	walked bool // next is set: the distinct states that a token leads to
}

// tokens returns the distance to acceptance; ok is false if the search for it was given up.
func (n *searchNode) tokens() (distance int32, ok bool) {
	if n.lost && !n.exact {
		return never, false
	}
	return n.bound, true
}

// step is a state within a walk, with its row if there is one.
type step struct {
	row   *[256]State
	state State
	tells bool
}

// reach is the end of a walk along a token.
type reach struct {
	node  int32 // of the trie
	state State
	tells bool // the memory counted or changed on the way
}

const (
	unknown State = -2      // an entry of a row
	never         = 1 << 30 // the distance to what cannot be reached

	// fewChildren are so few that no row is kept for a state within a token.
	fewChildren = 8
)

func newSolver(a Automaton, v *Vocabulary) *solver {
	s := &solver{a: a, vocab: v, limit: maxExpanded}
	s.memory, _ = a.(forgetter)
	p, _ := a.(*product)
	j, _ := a.(*joined)
	if j != nil {
		p, _ = j.Automaton.(*product)
	}
	if p != nil {
		for i, part := range p.parts {
			if u, ok := part.(*utf8Automaton); ok && u.remembers() {
				continue // the other parts guide the search
			}
			if j != nil {
				part = &joined{part, j.lines}
			}
			s.parts, s.index = append(s.parts, newSolver(part, v)), append(s.index, i)
		}
	}
	s.forget()
	return s
}

// hurry makes later searches give up earlier.
func (s *solver) hurry() {
	s.limit = maxToAllowed
	for _, part := range s.parts {
		part.hurry()
	}
}

// partState returns the state of a part in q.
func (s *solver) partState(q State, part int) State {
	if j, ok := s.a.(*joined); ok {
		return j.double(j.Automaton.(*product).states[q>>1][part], q&1)
	}
	return s.a.(*product).states[q][part]
}

// forget clears what is known of states, whose numbers are no longer valid.
func (s *solver) forget() {
	s.rows, s.nodes, s.masks, s.kept, s.marks, s.walks = nil, nil, map[State]*mask{}, 0, nil, 0
	s.shortests, s.others = map[State]string{}, map[State][]string{}
	for _, part := range s.parts {
		part.forget()
	}
}

// row returns the transitions of a state, or nil if there are none yet.
func (s *solver) row(q State) *[256]State {
	if int(q) < len(s.rows) {
		return s.rows[q]
	}
	return nil
}

// newRow returns the transitions of a state.
func (s *solver) newRow(q State) *[256]State {
	if r := s.row(q); r != nil {
		return r
	}
	for int(q) >= len(s.rows) {
		s.rows = append(s.rows, nil)
	}
	r := new([256]State)
	for i := range r {
		r[i] = unknown
	}
	s.rows[q] = r
	return r
}

// after returns the state after one more byte.
func (s *solver) after(at *step, b byte) State {
	if at.row == nil {
		return s.a.Next(at.state, b)
	}
	t := at.row[b]
	if t == unknown {
		t = s.a.Next(at.state, b)
		at.row[b] = t
	}
	return t
}

// walk sets s.reached to where all tokens lead from q. If toEnd is set, it stops at the first token
// after which the text may end, and returns true.
func (s *solver) walk(q State, toEnd bool) bool {
	s.reached = s.reached[:0]
	s.path = append(s.path[:0], step{row: s.newRow(q), state: q})
	nodes := s.vocab.nodes
	for i := int32(0); i < int32(len(nodes)); {
		n := &nodes[i]
		at := &s.path[n.depth]
		t := s.after(at, n.b)
		if t == Dead {
			i = n.after
			continue
		}
		tells := at.tells || s.memory != nil && s.memory.tells(t)
		if n.first < n.last {
			s.reached = append(s.reached, reach{i, t, tells})
			if toEnd && s.a.Accepts(t) {
				return true
			}
		}
		if n.children > 0 {
			r := s.row(t)
			if r == nil && n.children > fewChildren {
				r = s.newRow(t)
			}
			s.path = append(s.path[:n.depth+1], step{r, t, tells})
		}
		i++
	}
	return false
}

// node returns what is known of q. The pointer is valid until the next call.
func (s *solver) node(q State) *searchNode {
	for int(q) >= len(s.nodes) {
		s.nodes = append(s.nodes, searchNode{})
	}
	n := &s.nodes[q]
	if !n.known {
		bound, exact := int32(0), s.a.Accepts(q)
		if !exact {
			bound = max(1, s.partsBound(q))
			if exact = bound == never; !exact {
				bound, exact = s.simplerBound(q, bound)
			}
		}
		n = &s.nodes[q]
		n.bound, n.exact, n.known = bound, exact, true
	}
	return n
}

// partsBound returns the greatest distance of a part's state in q: the product needs as many tokens.
func (s *solver) partsBound(q State) (bound int32) {
	for i, part := range s.parts {
		if d, ok := part.distance(s.partState(q, s.index[i])); ok {
			bound = max(bound, d)
		}
	}
	return bound
}

// nearEnd reports whether one token leads from q to acceptance.
func (s *solver) nearEnd(q State) bool {
	if n := s.node(q); n.exact || n.bound > 1 || n.walked {
		return n.exact && n.bound <= 1
	}
	if s.walk(q, true) {
		n := s.node(q)
		n.bound, n.exact = 1, true
		return true
	}
	s.keepReached(q)
	n := s.node(q)
	n.bound = 2
	return false
}

// simplerBound returns the distance of the state without the memory of q. It is that of q if a text that
// shows it is acceptable with the memory.
func (s *solver) simplerBound(q State, bound int32) (distance int32, exact bool) {
	if s.memory == nil {
		return bound, false
	}
	r := s.memory.forget(q)
	if r == q {
		return bound, false
	}
	d, ok := s.distance(r)
	switch {
	case !ok || d < bound:
		return bound, false
	case d == never:
		return never, true
	}
	_, exact = s.admitted(q, r)
	return d, exact
}

// successors returns the distinct states that one token leads to from q.
func (s *solver) successors(q State) []State {
	if n := s.node(q); !n.walked {
		s.walk(q, false)
		s.keepReached(q)
	}
	return s.node(q).next
}

// keepReached sets the successors of q to the distinct states of the last walk.
func (s *solver) keepReached(q State) {
	s.walks++
	var next []State
	for _, r := range s.reached {
		for int(r.state) >= len(s.marks) {
			s.marks = append(s.marks, make([]int32, int(r.state)+1)...)
		}
		if s.marks[r.state] != s.walks {
			s.marks[r.state] = s.walks
			next = append(next, r.state)
		}
	}
	n := s.node(q)
	n.next, n.walked = next, true
}
