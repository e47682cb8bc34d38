package models

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// feeder is a decoder that goes step by step, because what it attended to at one token
// enters the next. With Bahdanau's additive score the state before a token looks at the
// source, and the context enters the cells with the token (Bahdanau et al. 2015, eq. 4 to
// 6). With Luong's scores the state after the token looks, and the mix h̃ of state and
// context enters with the next token (Luong et al. 2015, §3.3).
type feeder struct {
	*Seq2Seq
	s     *layers.Scope
	cells []layers.Cell
	att   *layers.SourceAttention
	mix   *layers.Dense
	looks []*G.Node // (B, H), the states that look, token by token
}

// feed runs the decoder's layers token by token.
//
//	x: (B·T, D) → h̃: (B·T, H)
func (c *Seq2Seq) feed(s *layers.Scope, x *G.Node, states []*G.Node, att *layers.SourceAttention, mix *layers.Dense) *G.Node {
	f := &feeder{Seq2Seq: c, s: s, att: att, mix: mix}
	hidden := hiddenOr(c.Hidden, c.Dim)
	in := s.Rows(x) + hidden
	for i := range states {
		at := s.Sub("%s%d", c.Cell, i)
		f.cells = append(f.cells, layers.NewCell(at, c.Cell, in, c.recurrent(nil)))
		in = hidden
	}
	start := states[0] // every layer's state and h̃, side by side
	for _, state := range states[1:] {
		start = layers.Concat(s, start, state)
	}
	start = layers.Concat(s, start, s.Const("start", []int{s.B, hidden}, func(int) float64 { return 0 }))
	width := start.Shape()[1]
	all := layers.RecurFrom(s.Sub("feed"), x, width, start, f.step)
	att.Tap(layers.Together(s, f.looks...), s.All())
	return layers.Columns(s, all, width-hidden, width)
}

// step goes one token further.
//
//	x: (B, D), prev: (B, Σ Width + H) → (B, Σ Width + H)
func (f *feeder) step(x, prev *G.Node) *G.Node {
	states, mixed := f.split(prev)
	top := len(f.cells) - 1
	var context *G.Node
	if f.Attention == layers.Additive {
		context = f.look(f.cells[top].Output(states[top]))
		mixed = context
	}
	h := layers.Concat(f.s, x, mixed)
	var all *G.Node
	for i, cell := range f.cells {
		if i > 0 {
			h = layers.Dropout(f.s.Sub("%s%d", f.Cell, i).Sub("t%d", len(f.looks)), h, f.Dropout)
		}
		state := cell.Next(h, states[i])
		h = cell.Output(state)
		if all == nil {
			all = state
		} else {
			all = layers.Concat(f.s, all, state)
		}
	}
	if context == nil {
		context = f.look(h)
	}
	return layers.Concat(f.s, all, f.mix.Apply(layers.Concat(f.s, context, h)))
}

// look is what a state sees in the source.
//
//	h: (B, H) → (B, H)
func (f *feeder) look(h *G.Node) *G.Node {
	f.looks = append(f.looks, h)
	return f.att.Context(h, f.s.Sources())
}

// split takes apart what goes from token to token.
func (f *feeder) split(prev *G.Node) (states []*G.Node, mixed *G.Node) {
	from := 0
	for _, cell := range f.cells {
		states = append(states, layers.Columns(f.s, prev, from, from+cell.Width()))
		from += cell.Width()
	}
	return states, layers.Columns(f.s, prev, from, prev.Shape()[1])
}
