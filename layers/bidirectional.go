package layers

import G "gorgonia.org/gorgonia"

// NewCell declares a cell of the given kind: "rnn", "lstm" or "gru".
func NewCell(s *Scope, kind string, in int, c RecurrentConfig) Cell {
	switch kind {
	case "rnn":
		return NewRNN(s, in, c)
	case "lstm":
		return NewLSTM(s, in, c)
	case "gru":
		return NewGRU(s, in, c)
	}
	s.Fail("no cell is called %q: rnn, lstm or gru", kind)
	return nil
}

// Bidirectional runs two cells over a source, one in each direction (Schuster and Paliwal 1997).
// Each has H/2 hidden units, so that the results have the widths of Recurrent's.
//
//	x: (B·S, in) → h: (B·S, H), last: (B, Width), with H = c.Hidden
//
// It declares the parameters of the cells under "forward" and "backward".
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
