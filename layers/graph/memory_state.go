package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"
)

// State returns copies of the rows in use of a sequence, by path, for a file. SetState reads them. It is
// for models without a source, in float32.
func (m *Memory) State(seq int) map[string][]float32 {
	values := map[string][]float32{}
	for path, s := range m.slots {
		from := seq * s.rows * s.width
		values[path] = slices.Clone(s.now.Float32s()[from : from+m.used(s, seq)*s.width])
	}
	return values
}

// SetState makes a sequence hold n tokens with the values that State returned. If they are not those of n
// tokens of the model it returns an error, and the sequence does not change.
func (m *Memory) SetState(seq, n int, values map[string][]float32) error {
	if n < 0 || m.limit > 0 && n > m.limit {
		return &FullError{seq, 0, n, m.limit}
	}
	if len(values) != len(m.slots) {
		return fmt.Errorf("%d states, and the model has %d", len(values), len(m.slots))
	}
	for path, s := range m.slots {
		want := s.rows
		if s.kind == history {
			want = n
		}
		if v, ok := values[path]; !ok || len(v) != want*s.width || s.now.Dtype() != tensor.Float32 || s.kind == encodedSource {
			return fmt.Errorf("%s: the state has %d values, want (%d, %d)", path, len(v), want, s.width)
		}
	}
	for path, s := range m.slots {
		copy(s.now.Float32s()[seq*s.rows*s.width:], values[path])
	}
	m.length[seq] = n
	return nil
}

// Part returns a memory of one sequence that holds what a sequence of m does, in as many rows as it has
// tokens: no more fit. Other memories can Copy it.
func (m *Memory) Part(seq int) *Memory {
	n := m.length[seq]
	p := NewMemory(1, n)
	p.limit, p.length[0], p.source[0], p.order = min(m.limit, n), n, m.source[seq], m.order
	for path, s := range m.slots {
		rows := s.rows
		if s.kind == history {
			rows = n
		}
		part := &slot{kind: s.kind, rows: rows, width: s.width, now: tensor.New(tensor.Of(s.now.Dtype()), tensor.WithShape(max(1, rows), s.width))}
		copyRows(part.now, 0, s.now, seq*s.rows, m.used(s, seq), s.width)
		p.slots[path] = part
	}
	return p
}
