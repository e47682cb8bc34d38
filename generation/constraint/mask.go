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
	next := s.successors(q)
	distances := make(map[State]int32, len(next))
	for _, t := range next {
		distances[t], _ = s.distance(t) // never, where the search was given up
	}
	s.walk(q, false)
	m := s.sorted(distances)
	s.masks[q] = m
	s.kept += len(m.ids)
	return m
}

// sorted returns the mask of the last walk.
func (s *solver) sorted(distances map[State]int32) *mask {
	byDistance := map[int32][]int32{}
	n := 0
	for _, r := range s.reached {
		if d := distances[r.state]; d != never {
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
