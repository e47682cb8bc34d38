package graph

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/ops"
)

// History appends x to the rows of earlier runs and returns all of them: it is the key-value
// cache. Rows after a sequence's length are undefined (see CausalLengths). Without memory it
// returns x.
//
//	x: (B·T, D) → (B·C, D), with C the capacity of memory
func (s *Scope) History(name string, x *G.Node) *G.Node {
	s.refuseInCell("a history")
	d, f := s.Rows(x), s.graph.frame
	if f.Memory == nil || s.source {
		s.claim(name)
		return x
	}
	if f.Gradient {
		s.Fail("%s is a history, which has no gradient: train without memory, on whole sequences", name)
	}
	sl, _ := s.slot(history, name, f.Memory.capacity, d)
	f.Memory.lowerLimit(f.Memory.capacity)
	n := s.Must(ops.Append(s.At(name), s.B, view(sl.now), x, s.Positions()))
	s.graph.caches = append(s.graph.caches, n)
	return n
}

// Carry declares a recurrence. It calls step with the state before the run's first token,
// which is zero at the start of a sequence; step returns the state after every token. With
// memory, the next run continues from the state after the last token.
//
//	prev: (B, D) → step → (B·T, D), which Carry returns
func (s *Scope) Carry(name string, width int, step func(prev *G.Node) *G.Node) *G.Node {
	return s.CarryFrom(name, nil, width, step)
}

// CarryFrom is Carry with the state start, (B, D), at the start of a sequence; nil is zero.
func (s *Scope) CarryFrom(name string, start *G.Node, width int, step func(prev *G.Node) *G.Node) *G.Node {
	if start != nil && !start.Shape().Eq(tensor.Shape{s.B, width}) {
		s.Fail("%s: the initial state is %v, want (%d, %d)", name, start.Shape(), s.B, width)
	}
	y := s.recurrence(name, start, width, step)
	if d := s.Rows(y); d != width {
		s.Fail("%s: the step returned %v, want (%d, %d)", name, y.Shape(), s.B*s.T, width)
	}
	return y
}

func (s *Scope) recurrence(name string, start *G.Node, width int, step func(prev *G.Node) *G.Node) *G.Node {
	s.refuseInCell("a recurrence")
	f := s.graph.frame
	if f.Memory == nil || s.source {
		path := s.claim(name)
		if start == nil {
			start = s.input(path, s.zeros(s.B, width))
		}
		return step(start)
	}
	sl, path := s.slot(carry, name, 1, width)
	prev := s.input(path, view(sl.now))
	if start != nil {
		prev = s.Must(ops.StartState(s.At("begin"), start, prev, s.Positions()))
	}
	y := step(prev)
	if !f.Encode { // an encoding run computes nothing after the source
		s.graph.writes = append(s.graph.writes, stateWrite{sl, y})
	}
	return y
}

// Once declares a value of the source that is computed once and stored while a sequence is
// decoded: a row for each token of the source, or one for the sequence. In a graph with
// memory it returns the value that the encoding graph has stored, and x is not computed.
//
//	x: (B·S, D) → (B·S, D), or (B, D) → (B, D)
func (s *Scope) Once(name string, x *G.Node) *G.Node {
	s.RefuseNil(x)
	s.refuseInCell("a value of the source")
	f := s.graph.frame
	if f.Memory == nil {
		s.claim(name)
		return x
	}
	if x.Dims() != 2 || x.Shape()[0] != s.B*f.S && x.Shape()[0] != s.B {
		s.Fail("%s is %v, want (B·S, D) or (B, D) with B=%d and S=%d", name, x.Shape(), s.B, f.S)
	}
	sl, path := s.slot(encodedSource, name, x.Shape()[0]/s.B, x.Shape()[1])
	if f.Encode {
		s.graph.writes = append(s.graph.writes, stateWrite{sl, x})
		return x
	}
	return s.input(path, view(sl.now))
}

// Answer returns x with a dependency on every state write, so that a run that computes x also
// updates the memory. In an encoding graph it returns a stored value instead, and x is not
// computed. Compiling a program calls it; models need not.
func (s *Scope) Answer(x *G.Node) *G.Node {
	g := s.graph
	if g.frame.Memory == nil || len(g.writes)+len(g.caches) == 0 {
		return x
	}
	in := G.Nodes{x}
	if g.frame.Encode {
		in = G.Nodes{g.writes[0].node}
	}
	for _, k := range g.writes {
		in = append(in, k.node)
	}
	if !g.frame.Encode { // histories stay live to the end: no op may reuse their buffers
		in = append(in, g.caches...)
	}
	return s.Must(ops.WithWrites(s.At("answer"), writeState[float32](g), writeState[float64](g), in...))
}

// writeState returns a function that stores the value of the i-th state write in memory:
// a carry in next, until Commit, and an encoded source in place.
func writeState[T ops.Float](g *Graph) func(i int, rows []T) {
	return func(i int, rows []T) {
		if i >= len(g.writes) {
			return
		}
		sl := g.writes[i].slot
		w := sl.width
		for b := range g.frame.B {
			switch {
			case sl.kind == carry:
				if n := g.frame.Memory.adding[b]; n > 0 {
					copy(numbers[T](sl.next)[b*w:(b+1)*w], rows[(b*g.frame.T+n-1)*w:])
				}
			case g.encoded[b] > 0:
				copy(numbers[T](sl.now)[b*sl.rows*w:(b+1)*sl.rows*w], rows[b*sl.rows*w:])
			}
		}
	}
}

func numbers[T ops.Float](t *tensor.Dense) []T {
	if t.Dtype() == tensor.Float32 {
		return any(t.Float32s()).([]T)
	}
	return any(t.Float64s()).([]T)
}

// slot returns the slot of memory called name in s, and its path. It allocates a new slot, and
// fails if the slot has another kind or shape.
func (s *Scope) slot(k kind, name string, rows, width int) (*slot, string) {
	path, m := s.claim(name), s.graph.frame.Memory
	sl := m.slots[path]
	if sl == nil {
		sl = &slot{kind: k, rows: rows, width: width, now: s.zeros(s.B*rows, width)}
		if k == carry {
			sl.next = s.zeros(s.B*rows, width)
		}
		m.slots[path], m.order = sl, append(m.order, path)
	}
	if sl.kind != k || sl.rows != rows || sl.width != width || len(m.length) != s.B {
		s.Fail("%s is a %s of (%d·%d, %d) in memory, want a %s of (%d·%d, %d)", name, sl.kind, len(m.length), sl.rows, sl.width, k, s.B, rows, width)
	}
	return sl, path
}

// view returns a new tensor over the memory of t.
func view(t *tensor.Dense) *tensor.Dense {
	return tensor.New(tensor.WithShape(t.Shape()...), tensor.WithBacking(t.Data()))
}
