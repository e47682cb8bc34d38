package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Recurrent runs a cell through all tokens in one fused op: h after each, and the state
// after the last.
//
//	x: (B·T, in) → h: (B·T, H), last: (B, Width)
func Recurrent(s *Scope, x *G.Node, cell Cell, c RecurrentConfig) (h, last *G.Node) {
	if c.Reverse && !s.source {
		s.Fail("only a source can be read in reverse: a text's last token is not known while it is written")
	}
	states := s.carryFrom("state", c.Start, cell.Width(), func(prev *G.Node) *G.Node {
		return cell.scan(x, prev, s.Positions(), c.Reverse)
	})
	end := s.T - 1 // padding lets the state pass, so that a short lane's last state is there too
	if c.Reverse {
		end = 0
	}
	return s.Out(cell.Output(states)), s.Must(ops.Row(s.at("last"), s.B, end, states))
}

// Bidirectional reads a source from both ends (Schuster and Paliwal 1997) with two cells
// of half the width each, so that what comes out is as wide as what one cell gives.
//
//	x: (B·S, in) → h: (B·S, H), last: (B, Width), c.Hidden being H
//
// It declares what the cell of that kind does under "forward" and "backward".
func Bidirectional(s *Scope, x *G.Node, kind string, c RecurrentConfig) (h, last *G.Node) {
	if c.Hidden%2 != 0 {
		s.Fail("hidden is %d, want an even number: each direction has half", c.Hidden)
	}
	c.Hidden /= 2
	forward := NewCell(s.Sub("forward"), kind, s.Rows(x), c)
	h, last = Recurrent(s.Sub("forward"), x, forward, c)
	c.Reverse = true
	backward := NewCell(s.Sub("backward"), kind, s.Rows(x), c)
	hb, lastb := Recurrent(s.Sub("backward"), x, backward, c)
	a, b := s.split(last, forward), s.split(lastb, backward)
	last = Concat(s, a.H, b.H)
	if a.C != nil {
		last = Concat(s, last, a.C, b.C)
	}
	return s.Out(Concat(s, h, hb)), last
}

// Unrolled runs a cell through all tokens step by step, in Gorgonia's own ops: what the
// fused op computes, for reading and checking.
//
//	x: (B·T, in) → h: (B·T, H)
func Unrolled(s *Scope, x *G.Node, cell Cell) *G.Node {
	states := Recur(s, x, cell.Width(), func(x, prev *G.Node) *G.Node {
		next := cell.Step(x, s.split(prev, cell))
		if next.C == nil {
			return next.H
		}
		return Concat(s, next.H, next.C)
	})
	return cell.Output(states)
}

// split is the state in the columns of prev.
func (s *Scope) split(prev *G.Node, cell Cell) State {
	h := cell.Output(prev)
	if h == prev {
		return State{H: h}
	}
	n := h.Shape()[1]
	return State{H: h, C: Columns(s, prev, n, 2*n)}
}

// Recur runs a cell of the caller's own through all tokens. The cell gets one token of
// every lane and what the lanes carry, zero at their start, and returns what they carry
// on; lanes without a token keep what they have.
//
//	x: (B·T, in) → (B·T, width), the state after each token
//	cell: (B, in), (B, width) → (B, width)
//
// The graph grows with T: each token has a copy of the cell's ops.
func Recur(s *Scope, x *G.Node, width int, cell func(x, prev *G.Node) *G.Node) *G.Node {
	return RecurFrom(s, x, width, nil, cell)
}

// RecurFrom is Recur of lanes that start from start, (B, width), or from zero if it is nil.
func RecurFrom(s *Scope, x *G.Node, width int, start *G.Node, cell func(x, prev *G.Node) *G.Node) *G.Node {
	s.Rows(x)
	return s.Out(s.carryFrom("state", start, width, func(prev *G.Node) *G.Node {
		states := make([]*G.Node, s.T)
		for t := range states {
			next := cell(s.Must(ops.Row(s.at("token"), s.B, t, x)), prev)
			if !next.Shape().Eq(prev.Shape()) {
				s.Fail("the cell returned %v, want (%d, %d)", next.Shape(), s.B, width)
			}
			prev = s.Must(ops.Advance(s.at("state"), t, next, prev, s.Positions()))
			states[t] = prev
		}
		return Together(s, states...)
	}))
}
