package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"
)

// Memory holds the state of the sequences of a batch between runs, outside any graph: the
// graphs that read prompts and the graph that decodes share it. A run becomes valid with
// Graph.Commit, so that a failed run leaves every sequence unchanged.
//
// There are three kinds of state, which are copied, truncated and reset differently: a
// history has a row for each token (cached keys and values), a carry one row for the sequence
// (a recurrent state), and a source state the encoded rows of the sequence's source.
type Memory struct {
	capacity int   // tokens of a sequence that a history holds
	limit    int   // maximum length of a sequence; 0: unlimited
	length   []int // tokens of each sequence
	adding   []int // tokens that the current run adds
	source   []int // tokens of each sequence's source
	slots    map[string]*slot
	order    []string
}

type kind string

const (
	history       kind = "history"
	carry         kind = "carry"
	encodedSource kind = "source"
)

// slot is one state of all sequences.
type slot struct {
	kind        kind
	rows, width int           // of one sequence
	now, next   *tensor.Dense // next: a carry's value until Commit
}

// FullError is the error of a sequence that would exceed the memory's capacity.
type FullError struct{ Sequence, Length, Adding, Capacity int }

func (e *FullError) Error() string {
	return fmt.Sprintf("sequence %d has %d of at most %d tokens: %d more do not fit", e.Sequence, e.Length, e.Capacity, e.Adding)
}

// NewMemory returns memory for empty sequences, with histories of capacity tokens each. The
// first graph built with it allocates the states.
func NewMemory(sequences, capacity int) *Memory {
	return &Memory{capacity: capacity, length: make([]int, sequences), adding: make([]int, sequences), source: make([]int, sequences), slots: map[string]*slot{}}
}

// Sequences returns the number of sequences.
func (m *Memory) Sequences() int { return len(m.length) }

// Length returns the number of tokens of a sequence so far.
func (m *Memory) Length(seq int) int { return m.length[seq] }

// Capacity returns the maximum length of a sequence in tokens, or 0 if it is unlimited.
func (m *Memory) Capacity() int { return m.limit }

// Recurrent reports whether the model has a recurrent state, so that a sequence can be truncated
// to nothing only.
func (m *Memory) Recurrent() bool {
	for _, s := range m.slots {
		if s.kind == carry {
			return true
		}
	}
	return false
}

func (m *Memory) lowerLimit(n int) {
	if m.limit == 0 || n < m.limit {
		m.limit = n
	}
}

// expect records that a run adds n tokens to a sequence.
func (m *Memory) expect(seq, n int) error {
	if m.limit > 0 && m.length[seq]+n > m.limit {
		return &FullError{seq, m.length[seq], n, m.limit}
	}
	m.adding[seq] = n
	return nil
}

// commit makes the writes of the last run valid. New rows of histories are in place already,
// after the old length.
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
		m.length[b] += n
		m.adding[b] = 0
	}
}

// Reset empties a sequence, its source included.
func (m *Memory) Reset(seq int) {
	m.length[seq], m.source[seq] = 0, 0
	for _, s := range m.slots {
		if s.kind == carry {
			clearRows(s.now, seq*s.rows, s.rows, s.width)
		}
	}
}

// Truncate removes all but the first n tokens of a sequence. It returns an error if n > 0 and
// the model is recurrent, since earlier states are not stored: Copy the sequence before.
func (m *Memory) Truncate(seq, n int) error {
	if n < 0 || n > m.length[seq] {
		return fmt.Errorf("sequence %d has %d tokens: it cannot be truncated to %d", seq, m.length[seq], n)
	}
	if n == m.length[seq] {
		return nil
	}
	if n > 0 {
		for _, path := range m.order {
			if m.slots[path].kind == carry {
				return fmt.Errorf("%s is recurrent: sequence %d cannot go back from %d tokens to %d", path, seq, m.length[seq], n)
			}
		}
		m.length[seq] = n
		return nil
	}
	source := m.source[seq]
	m.Reset(seq)
	m.source[seq] = source
	return nil
}

// Copy copies sequence src of from to sequence dst of m. From may be m itself, or another
// memory of the same model.
func (m *Memory) Copy(dst int, from *Memory, src int) error {
	for path, b := range from.slots {
		a := m.slots[path]
		if a == nil || a.kind != b.kind || a.width != b.width || a.kind != history && a.rows != b.rows {
			return fmt.Errorf("the memories differ at %s: they belong to different models", path)
		}
	}
	if len(m.slots) != len(from.slots) {
		return fmt.Errorf("the memories have %d and %d states: they belong to different models", len(m.slots), len(from.slots))
	}
	if m.limit > 0 && from.length[src] > m.limit {
		return &FullError{dst, 0, from.length[src], m.limit}
	}
	for path, b := range from.slots {
		a := m.slots[path]
		copyRows(a.now, dst*a.rows, b.now, src*b.rows, from.used(b, src), a.width)
	}
	m.length[dst], m.source[dst] = from.length[src], from.source[src]
	return nil
}

// Carried returns a copy of the recurrent states of all sequences by path, (B, width) each,
// for a checkpoint.
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
			return fmt.Errorf("%s: the saved state has %d values, want %d", path, len(v), s.now.DataSize())
		}
		copy(s.now.Float32s(), v)
	}
	return nil
}

// used returns the number of rows in use of a sequence.
func (m *Memory) used(s *slot, seq int) int {
	switch s.kind {
	case history:
		return m.length[seq]
	case encodedSource:
		return min(m.source[seq], s.rows)
	}
	return s.rows
}

// Reorder replaces every sequence i by sequence parents[i], as beam search does after each
// token. It copies only rows in use, and needs one spare sequence at most.
func (m *Memory) Reorder(parents []int) error {
	if len(parents) != len(m.length) {
		return fmt.Errorf("%d parents for %d sequences", len(parents), len(m.length))
	}
	for _, p := range parents {
		if p < 0 || p >= len(m.length) {
			return fmt.Errorf("there is no sequence %d of %d", p, len(m.length))
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

// moves orders the copies dst ← parents[dst] so that a sequence is overwritten only after its
// last copy. It breaks cycles by copying to the spare sequence.
func moves(parents []int) (list []move) {
	readers := make([]int, len(parents)) // copies still to be made from each sequence
	var open []int                       // sequences still to be replaced
	for dst, src := range parents {
		if dst != src {
			readers[src]++
			open = append(open, dst)
		}
	}
	parents = slices.Clone(parents)
	for len(open) > 0 {
		i := slices.IndexFunc(open, func(dst int) bool { return readers[dst] == 0 })
		if i < 0 { // only cycles are left: save one sequence
			seq := open[0]
			list = append(list, move{-1, seq})
			readers[seq] = 0
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
			readers[parents[dst]]--
		}
	}
	return list
}

// like returns empty memory for a number of sequences of the same model.
func (m *Memory) like(sequences int) *Memory {
	c := NewMemory(sequences, m.capacity)
	c.limit, c.order = m.limit, m.order
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
