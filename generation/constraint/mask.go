package constraint

import (
	"cmp"
	"slices"
)

// mask is what a state allows: tokens in the order of the distance to acceptance that they leave.
type mask struct {
	ids   []int32
	steps []maskStep
	bits  []uint64 // of all of them, by id
	next  []reach  // one for each state that they lead to
	tells bool     // the memory of a forgetter counts for some of them
}

// maskStep says that ids[:end] leave at most so many tokens to acceptance.
type maskStep struct{ distance, end int32 }

// within returns the tokens that leave at most so many tokens to acceptance.
func (m *mask) within(distance int) []int32 {
	for i := len(m.steps) - 1; i >= 0; i-- {
		if int(m.steps[i].distance) <= distance {
			return m.ids[:m.steps[i].end]
		}
	}
	return nil
}

// mask returns what q allows.
func (s *solver) mask(q State) *mask {
	if m := s.masks[q]; m != nil {
		return m
	}
	if s.memory != nil {
		if r := s.memory.forget(q); r != q {
			return s.remembering(q, r)
		}
	}
	distances := map[State]int32{}
	for _, t := range s.successors(q) {
		distances[t], _ = s.distance(t) // never, where the search was given up
	}
	s.walk(q, false)
	m := s.sorted(func(r reach) int32 { return distances[r.state] })
	s.keep(q, m)
	return m
}

// keep keeps the mask of q, of the last walk.
func (s *solver) keep(q State, m *mask) {
	shown := map[State]bool{}
	for _, r := range s.reached {
		m.tells = m.tells || r.tells
		if !shown[r.state] {
			shown[r.state] = true
			m.next = append(m.next, r)
		}
	}
	s.masks[q] = m
	s.kept += len(m.ids)
}

// remembering returns the mask of q, by that of r, the state without its memory. Where no token makes
// use of the memory and all states after it are as near to acceptance as without it, it is the same.
func (s *solver) remembering(q, r State) *mask {
	m := s.mask(r)
	known := map[State]int32{}
	same := !m.tells
	for _, x := range m.next {
		d, ok := s.distance(x.state)
		if ok && d != never && !s.memory.admits(q, string(s.piece(x))+s.shortest(x.state)) {
			d, same = unsure, false
		}
		known[x.state] = d
	}
	if same {
		return m
	}
	s.walk(r, false)
	distances := make(map[int32]int32, len(s.reached)) // by node of the trie
	for _, x := range slices.Clone(s.reached) {
		distances[x.node] = s.remembered(q, x, known[x.state])
	}
	s.walk(r, false)
	m = s.sorted(func(x reach) int32 { return distances[x.node] })
	s.masks[q] = m
	s.kept += len(m.ids)
	return m
}

// unsure is a distance that may be greater with a memory.
const unsure = -1

// remembered returns the distance after a token from q that, without the memory, leads to x and has this
// distance.
func (s *solver) remembered(q State, x reach, distance int32) int32 {
	if distance == never || distance != unsure && !x.tells {
		return distance
	}
	without, _ := s.distance(x.state)
	if s.memory.admits(q, string(s.piece(x))+s.shortest(x.state)) {
		return without
	}
	t := follow(s.a, q, s.piece(x))
	if t == Dead {
		return never
	}
	d, _ := s.distance(t)
	return d
}

// piece returns the bytes that lead to r.
func (s *solver) piece(r reach) []byte {
	return s.vocab.pieces[s.vocab.tokens[s.vocab.nodes[r.node].first]]
}

// sorted returns the mask of the last walk.
func (s *solver) sorted(distance func(reach) int32) *mask {
	byDistance := map[int32][]int32{}
	n := 0
	for _, r := range s.reached {
		if d := distance(r); d != never {
			node := &s.vocab.nodes[r.node]
			byDistance[d] = append(byDistance[d], s.vocab.tokens[node.first:node.last]...)
			n += int(node.last - node.first)
		}
	}
	m := &mask{ids: make([]int32, 0, n), bits: make([]uint64, (s.vocab.size+63)/64)}
	for d, ids := range byDistance {
		m.steps = append(m.steps, maskStep{distance: d})
		for _, id := range ids {
			m.bits[id/64] |= 1 << (id % 64)
		}
	}
	slices.SortFunc(m.steps, func(a, b maskStep) int { return cmp.Compare(a.distance, b.distance) })
	for i, step := range m.steps {
		m.ids = append(m.ids, byDistance[step.distance]...)
		m.steps[i].end = int32(len(m.ids))
	}
	return m
}
