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
	if c.Reverse && !s.IsSource() {
		s.Fail("only a source can be read in reverse: a text's last token is not known while it is written")
	}
	states := s.CarryFrom("state", c.Start, cell.Width(), func(prev *G.Node) *G.Node {
		return cell.scan(x, prev, s.Positions(), c.Reverse)
	})
	end := s.T - 1 // padding lets the state pass, so that a short sequence's last state is there too
	if c.Reverse {
		end = 0
	}
	return s.Out(cell.Output(states)), s.Must(ops.Row(s.At("last"), s.B, end, states))
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
	a, b := split(s, last, forward), split(s, lastb, backward)
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
		next := cell.Step(x, split(s, prev, cell))
		if next.C == nil {
			return next.H
		}
		return Concat(s, next.H, next.C)
	})
	return cell.Output(states)
}

// split is the state in the columns of prev.
func split(s *Scope, prev *G.Node, cell Cell) State {
	h := cell.Output(prev)
	if h == prev {
		return State{H: h}
	}
	n := h.Shape()[1]
	return State{H: h, C: Columns(s, prev, n, 2*n)}
}

// Recur runs a cell of the caller's own through all tokens. The cell gets one token of
// every sequence and the state before it, zero at the start, and returns the state after
// it; sequences without a token keep theirs.
//
//	x: (B·T, in) → (B·T, width), the state after each token
//	cell: (B, in), (B, width) → (B, width)
//
// The cell is declared once and compiled once, whatever T is. It may declare parameters and
// layers, and read any node from outside it that is the same for all tokens. What it
// computes from the token alone is computed for all tokens at once. Histories and further
// recurrences cannot stand in it. Of each token only the state is kept, and the backward
// pass computes the cell again.
func Recur(s *Scope, x *G.Node, width int, cell func(x, prev *G.Node) *G.Node) *G.Node {
	return RecurFrom(s, x, width, nil, cell)
}

// RecurFrom is Recur with the state before the first token: start, (B, width), or zero if
// it is nil.
func RecurFrom(s *Scope, x *G.Node, width int, start *G.Node, cell func(x, prev *G.Node) *G.Node) *G.Node {
	after, _ := RecurStates(s, x, width, start, cell)
	return after
}

// RecurStates is RecurFrom that also returns the state before each token, for what is to be
// computed from it outside the loop.
//
//	x: (B·T, in) → after, before: (B·T, width)
func RecurStates(s *Scope, x *G.Node, width int, start *G.Node, cell func(x, prev *G.Node) *G.Node) (after, before *G.Node) {
	after = s.CarryFrom("state", start, width, func(prev *G.Node) *G.Node {
		states := s.Loop(x, prev, cell)
		before = s.Must(ops.Delay(s.At("delay"), s.B, states, prev))
		return states
	})
	return s.Out(after), before
}
