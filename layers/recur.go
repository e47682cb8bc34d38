package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Recurrent runs a cell over all tokens as one fused op. It returns h after each token, and the
// state after the last.
//
//	x: (B·T, in) → h: (B·T, H), last: (B, Width)
func Recurrent(s *Scope, x *G.Node, cell Cell, c RecurrentConfig) (h, last *G.Node) {
	if c.Reverse && !s.IsSource() {
		s.Fail("only a source can be read in reverse: the last token of a text is unknown while it is generated")
	}
	states := s.CarryFrom("state", c.Start, cell.Width(), func(prev *G.Node) *G.Node {
		return cell.scan(x, prev, s.Positions(), c.Reverse)
	})
	end := s.T - 1 // padding keeps the state: it is the last one of a shorter sequence too
	if c.Reverse {
		end = 0
	}
	return s.Out(cell.Output(states)), s.Must(ops.Row(s.At("last"), s.B, end, states))
}

// Unrolled runs a cell over all tokens step by step, in stock ops of Gorgonia: a reference for
// the fused op of Recurrent.
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

// split returns the state in the columns of prev.
func split(s *Scope, prev *G.Node, cell Cell) State {
	h := cell.Output(prev)
	if h == prev {
		return State{H: h}
	}
	n := h.Shape()[1]
	return State{H: h, C: Columns(s, prev, n, 2*n)}
}

// Recur runs a custom cell over all tokens. The cell gets one token of every sequence and the
// state before it (zero at the start), and returns the state after it. Rows of padding keep the
// state.
//
//	x: (B·T, in) → (B·T, width), the state after each token
//	cell: (B, in), (B, width) → (B, width)
//
// The cell is declared and compiled once, whatever T is. It may declare parameters and layers,
// and read any outside node that is the same for all tokens. It cannot contain a history or a
// recurrence. Parts that depend on the token only are computed for all tokens at once. Only the
// states are stored: the backward pass recomputes the cell.
func Recur(s *Scope, x *G.Node, width int, cell func(x, prev *G.Node) *G.Node) *G.Node {
	return RecurFrom(s, x, width, nil, cell)
}

// RecurFrom is Recur with the initial state start, (B, width); nil is zero.
func RecurFrom(s *Scope, x *G.Node, width int, start *G.Node, cell func(x, prev *G.Node) *G.Node) *G.Node {
	after, _ := RecurStates(s, x, width, start, cell)
	return after
}

// RecurStates is RecurFrom that also returns the state before each token, for computing more
// from it outside the loop.
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
