package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"
)

// Memory is what sequences remember between runs, outside any graph: the graphs that read
// prompts and the graph that decodes share it. A run changes nothing in it before
// Graph.Commit, so that a failed run leaves every sequence as it was.
//
// A sequence has three kinds of memory, because copying, truncating and resetting mean
// different things for each: a history has a row for each token (keys and values), a
// carry one row for the sequence (a recurrent state), and what is there once has the rows of
// the sequence's source.
type Memory struct {
	room   int // tokens a history holds
	bound  int // tokens a sequence may hold at all; 0: any number
	seen   []int
	adding []int // tokens that the run at hand adds
	source []int // tokens of each sequence's source
	slots  map[string]*slot
	order  []string
}

type kind string

const (
	history kind = "history"
	carry   kind = "carry"
	once    kind = "once"
)

type slot struct {
	kind        kind
	rows, width int // of one sequence
	now, next   *tensor.Dense
}

// FullError says that a sequence has no room for more tokens.
type FullError struct{ Sequence, Seen, Adding, Room int }

func (e *FullError) Error() string {
	return fmt.Sprintf("sequence %d has seen %d tokens and has room for %d: %d more do not fit", e.Sequence, e.Seen, e.Room, e.Adding)
}

// NewMemory returns empty sequences whose histories have room for so many tokens each. The
// first graph built with it lays it out.
func NewMemory(sequences, room int) *Memory {
	return &Memory{room: room, seen: make([]int, sequences), adding: make([]int, sequences), source: make([]int, sequences), slots: map[string]*slot{}}
}

// Sequences is the number of sequences.
func (m *Memory) Sequences() int { return len(m.seen) }

// Seen is how many tokens a sequence has been fed.
func (m *Memory) Seen(seq int) int { return m.seen[seq] }

// Room is how many tokens a sequence can hold, or 0 if there is no limit.
func (m *Memory) Room() int { return m.bound }

func (m *Memory) limit(n int) {
	if m.bound == 0 || n < m.bound {
		m.bound = n
	}
}

func (m *Memory) expect(seq, n int) error {
	if m.bound > 0 && m.seen[seq]+n > m.bound {
		return &FullError{seq, m.seen[seq], n, m.bound}
	}
	m.adding[seq] = n
	return nil
}

// commit makes what the last run wrote part of the sequences. Histories lie there already,
// beyond what the sequences had seen.
func (m *Memory) commit() {
	for _, s := range m.slots {
		if s.kind != carry {
			continue
		}
		for b, n := range m.adding {
			if n > 0 {
				copyRows(s.now, b*s.rows, s.next, b*s.rows, s.rows, s.width)
			}
		}
	}
	for b, n := range m.adding {
		m.seen[b] += n
		m.adding[b] = 0
	}
}

// Reset makes a sequence forget everything.
func (m *Memory) Reset(seq int) {
	m.seen[seq], m.source[seq] = 0, 0
	for _, s := range m.slots {
		if s.kind == carry {
			clearRows(s.now, seq*s.rows, s.rows, s.width)
		}
	}
}

// Truncate makes a sequence forget all but its first n tokens. A recurrent state cannot go
// back, except to nothing: keep a copy of the sequence instead.
func (m *Memory) Truncate(seq, n int) error {
	if n < 0 || n > m.seen[seq] {
		return fmt.Errorf("sequence %d has seen %d tokens: it cannot keep %d", seq, m.seen[seq], n)
	}
	if n == m.seen[seq] {
		return nil
	}
	if n > 0 {
		for _, path := range m.order {
			if m.slots[path].kind == carry {
				return fmt.Errorf("%s is recurrent: sequence %d cannot go back from %d tokens to %d", path, seq, m.seen[seq], n)
			}
		}
		m.seen[seq] = n
		return nil
	}
	source := m.source[seq]
	m.Reset(seq)
	m.source[seq] = source
	return nil
}

// Copy makes sequence dst of m what sequence src of from is. From may be m itself, or another
// memory of the same model.
func (m *Memory) Copy(dst int, from *Memory, src int) error {
	for path, b := range from.slots {
		a := m.slots[path]
		if a == nil || a.kind != b.kind || a.width != b.width || a.kind != history && a.rows != b.rows {
			return fmt.Errorf("the memories differ at %s: they are not of one model", path)
		}
	}
	if len(m.slots) != len(from.slots) {
		return fmt.Errorf("the memories hold %d and %d parts: they are not of one model", len(m.slots), len(from.slots))
	}
	if m.bound > 0 && from.seen[src] > m.bound {
		return &FullError{dst, 0, from.seen[src], m.bound}
	}
	for path, b := range from.slots {
		a := m.slots[path]
		copyRows(a.now, dst*a.rows, b.now, src*b.rows, from.used(b, src), a.width)
	}
	m.seen[dst], m.source[dst] = from.seen[src], from.source[src]
	return nil
}

// Carried is a copy of the recurrent states of all sequences, by path: what must be saved to
// go on later.
func (m *Memory) Carried() map[string][]float32 {
	states := map[string][]float32{}
	for path, s := range m.slots {
		if s.kind == carry && s.now.Dtype() == tensor.Float32 {
			states[path] = slices.Clone(s.now.Float32s())
		}
	}
	return states
}

// Restore sets the recurrent states of all sequences to what Carried returned.
func (m *Memory) Restore(states map[string][]float32) error {
	for path, s := range m.slots {
		if s.kind != carry {
			continue
		}
		v, ok := states[path]
		if !ok || len(v) != s.now.DataSize() || s.now.Dtype() != tensor.Float32 {
			return fmt.Errorf("%s: there are %d saved values for %d", path, len(v), s.now.DataSize())
		}
		copy(s.now.Float32s(), v)
	}
	return nil
}

// used is how many of a sequence's rows hold anything.
func (m *Memory) used(s *slot, seq int) int {
	switch s.kind {
	case history:
		return m.seen[seq]
	case once:
		return min(m.source[seq], s.rows)
	}
	return s.rows
}

// Reorder makes sequence i what sequence parents[i] was, for all at once: what a beam search
// does after each token. Only rows in use move, through one spare sequence.
func (m *Memory) Reorder(parents []int) error {
	if len(parents) != len(m.seen) {
		return fmt.Errorf("%d parents for %d sequences", len(parents), len(m.seen))
	}
	for _, p := range parents {
		if p < 0 || p >= len(m.seen) {
			return fmt.Errorf("sequence %d is not one of %d", p, len(m.seen))
		}
	}
	var spare *Memory
	for _, mv := range moves(parents) {
		switch {
		case mv.dst < 0:
			if spare == nil {
				spare = m.like(1)
			}
			if err := spare.Copy(0, m, mv.src); err != nil {
				return err
			}
		case mv.src < 0:
			if err := m.Copy(mv.dst, spare, 0); err != nil {
				return err
			}
		default:
			if err := m.Copy(mv.dst, m, mv.src); err != nil {
				return err
			}
		}
	}
	return nil
}

type move struct{ dst, src int } // −1 is the spare sequence

// moves orders the copies dst ← parents[dst] so that no sequence is overwritten while others
// still want it. A cycle goes through the spare sequence.
func moves(parents []int) (list []move) {
	wanted := make([]int, len(parents))
	var open []int // sequences that must change
	for dst, src := range parents {
		if dst != src {
			wanted[src]++
			open = append(open, dst)
		}
	}
	parents = slices.Clone(parents)
	for len(open) > 0 {
		i := slices.IndexFunc(open, func(dst int) bool { return wanted[dst] == 0 })
		if i < 0 { // only cycles are left: free one sequence
			seq := open[0]
			list = append(list, move{-1, seq})
			wanted[seq] = 0
			for _, dst := range open {
				if parents[dst] == seq {
					parents[dst] = -1
				}
			}
			continue
		}
		dst := open[i]
		open = slices.Delete(open, i, i+1)
		list = append(list, move{dst, parents[dst]})
		if parents[dst] >= 0 {
			wanted[parents[dst]]--
		}
	}
	return list
}

// like is an empty memory of the same layout.
func (m *Memory) like(sequences int) *Memory {
	c := NewMemory(sequences, m.room)
	c.bound, c.order = m.bound, m.order
	for path, s := range m.slots {
		n := *s
		n.now = tensor.New(tensor.Of(s.now.Dtype()), tensor.WithShape(sequences*s.rows, s.width))
		c.slots[path] = &n
	}
	return c
}

func copyRows(dst *tensor.Dense, d int, src *tensor.Dense, s, n, w int) {
	if dst.Dtype() == tensor.Float32 {
		copy(dst.Float32s()[d*w:(d+n)*w], src.Float32s()[s*w:])
		return
	}
	copy(dst.Float64s()[d*w:(d+n)*w], src.Float64s()[s*w:])
}

func clearRows(t *tensor.Dense, at, n, w int) {
	if t.Dtype() == tensor.Float32 {
		clear(t.Float32s()[at*w : (at+n)*w])
		return
	}
	clear(t.Float64s()[at*w : (at+n)*w])
}
