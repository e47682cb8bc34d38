package graph

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/ops"
)

// History returns x after the rows that its sequences saw in earlier runs. A whole pass has
// no earlier runs: it gets x itself.
//
//	x: (B·T, D) → (B·C, D)
func (s *Scope) History(name string, x *G.Node) *G.Node {
	s.refuseInCell("a history")
	d, f := s.Rows(x), s.graph.frame
	if f.Memory == nil || s.source {
		s.claim(name)
		return x
	}
	if f.Gradient {
		s.Fail("%s is a history, which has no gradient: train on whole sequences", name)
	}
	sl, _ := s.slot(history, name, f.Memory.room, d)
	f.Memory.limit(f.Memory.room)
	n := s.Must(ops.Append(s.At(name), s.B, view(sl.now), x, s.Positions()))
	s.graph.alive = append(s.graph.alive, n)
	return n
}

// Carry declares a recurrence. Step gets what each sequence carries in, zero at its start,
// and returns the value after every token; what comes after the last is carried on.
//
//	prev: (B, D) → step → (B·T, D), which Carry returns
func (s *Scope) Carry(name string, width int, step func(prev *G.Node) *G.Node) *G.Node {
	return s.CarryFrom(name, nil, width, step)
}

// CarryFrom is Carry of sequences whose state is start, (B, D), before their first token;
// nil is zero.
func (s *Scope) CarryFrom(name string, start *G.Node, width int, step func(prev *G.Node) *G.Node) *G.Node {
	if start != nil && !start.Shape().Eq(tensor.Shape{s.B, width}) {
		s.Fail("%s starts from %v, want (%d, %d)", name, start.Shape(), s.B, width)
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
		prev = s.Must(ops.Begin(s.At("begin"), start, prev, s.Positions()))
	}
	y := step(prev)
	if !f.Encode { // an encoding run goes no further than the source
		s.graph.keep = append(s.graph.keep, keep{sl, y})
	}
	return y
}

// Once declares a value of the source that a sequence keeps while it decodes: a row for each
// of the source's tokens, or one for the sequence. A graph with memory reads what an encoding
// graph kept, and the nodes behind x are pruned from it.
//
//	x: (B·S, D) → (B·S, D), or (B, D) → (B, D)
func (s *Scope) Once(name string, x *G.Node) *G.Node {
	s.refuseInCell("a value of the source")
	f := s.graph.frame
	if f.Memory == nil {
		s.claim(name)
		return x
	}
	if x.Dims() != 2 || x.Shape()[0] != s.B*f.S && x.Shape()[0] != s.B {
		s.Fail("%s is %v, want (B·S, D) or (B, D) with B=%d and S=%d", name, x.Shape(), s.B, f.S)
	}
	sl, path := s.slot(once, name, x.Shape()[0]/s.B, x.Shape()[1])
	if f.Encode {
		s.graph.keep = append(s.graph.keep, keep{sl, x})
		return x
	}
	return s.input(path, view(sl.now))
}

// Answer declares the end of a run: it returns x after all that memory must keep has
// been computed. An encoding graph answers with what it keeps, and x is pruned from it.
// Models need not call it: compiling a program does.
func (s *Scope) Answer(x *G.Node) *G.Node {
	g := s.graph
	if g.frame.Memory == nil || len(g.keep)+len(g.alive) == 0 {
		return x
	}
	in := G.Nodes{x}
	if g.frame.Encode {
		in = G.Nodes{g.keep[0].node}
	}
	for _, k := range g.keep {
		in = append(in, k.node)
	}
	if !g.frame.Encode { // histories stay live to the end: no op may reuse their memory
		in = append(in, g.alive...)
	}
	return s.Must(ops.Tail(s.At("answer"), keeper[float32](g), keeper[float64](g), in...))
}

// keeper writes the i-th kept value to where Commit will find it.
func keeper[T ops.Float](g *Graph) func(i int, rows []T) {
	return func(i int, rows []T) {
		if i >= len(g.keep) {
			return
		}
		sl := g.keep[i].slot
		w := sl.width
		for b := range g.frame.B {
			switch {
			case sl.kind == carry:
				if n := g.frame.Memory.adding[b]; n > 0 {
					copy(numbers[T](sl.next)[b*w:(b+1)*w], rows[(b*g.frame.T+n-1)*w:])
				}
			case g.fresh[b] > 0:
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

// slot finds or makes the memory called name at s.
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
	if sl.kind != k || sl.rows != rows || sl.width != width || len(m.seen) != s.B {
		s.Fail("%s is a %s of (%d·%d, %d) in memory, want a %s of (%d·%d, %d)", name, sl.kind, len(m.seen), sl.rows, sl.width, k, s.B, rows, width)
	}
	return sl, path
}

// view is a new header over a tensor's memory.
func view(t *tensor.Dense) *tensor.Dense {
	return tensor.New(tensor.WithShape(t.Shape()...), tensor.WithBacking(t.Data()))
}
