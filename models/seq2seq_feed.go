package models

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

// feeder is a decoder with input feeding. It runs step by step, because the attention's result
// at one token is an input of the next. With Bahdanau's additive score the state before a token
// queries the source, and the context enters the cells with the token (Bahdanau et al. 2015, eq.
// 4 to 6). With Luong's scores the state after the token queries, and the mix h̃ of state and
// context enters with the next token (Luong et al. 2015, §3.3).
type feeder struct {
	*Seq2Seq
	s     *layers.Scope
	cells []layers.Cell
	att   *layers.SourceAttention
	mix   *layers.Dense
}

// feed runs the decoder's layers token by token.
//
//	x: (B·T, D) → h̃: (B·T, H)
func (c *Seq2Seq) feed(s *layers.Scope, x *G.Node, states []*G.Node, att *layers.SourceAttention, mix *layers.Dense) *G.Node {
	f := &feeder{Seq2Seq: c, s: s, att: att, mix: mix}
	hidden := rnnWidth(c.Hidden, c.Dim)
	in := s.Rows(x) + hidden
	for i := range states {
		at := s.Sub("%s%d", c.Cell, i)
		f.cells = append(f.cells, layers.NewCell(at, c.Cell, in, c.recurrent(nil)))
		in = hidden
	}
	start := states[0] // the state of every layer and h̃, side by side
	for _, state := range states[1:] {
		start = layers.Concat(s, start, state)
	}
	start = layers.Concat(s, start, s.Const("start", []int{s.B, hidden}, func(int) float64 { return 0 }))
	after, before := layers.RecurStates(s.Sub("feed"), x, start.Shape()[1], start, f.step)
	queries := after
	if c.Attention == layers.Additive {
		queries = before
	}
	att.Tap(f.top(queries), s.SourceLengths())
	f.tap(x, before, after)
	_, mixed := f.split(after)
	return mixed
}

// tap declares the taps of the loop, from the states before and after all tokens.
//
//	x: (B·T, D), before, after: (B·T, Σ Width + H)
func (f *feeder) tap(x, before, after *G.Node) {
	f.s.TapLater("mix", graph.TapInfo{Rows: graph.TextRows}, func() *G.Node {
		_, mixed := f.split(after)
		return mixed
	})
	for i, cell := range f.cells {
		layers.TapCell(cell, func() (in, prev, states *G.Node) {
			priors, mixed := f.split(before)
			all, _ := f.split(after)
			switch {
			case i > 0:
				in = f.cells[i-1].Output(all[i-1])
			case f.Attention == layers.Additive:
				in = layers.Concat(f.s, x, f.att.Context(f.top(before), f.s.SourceLengths()))
			default:
				in = layers.Concat(f.s, x, mixed)
			}
			return in, priors[i], all[i]
		})
	}
}

// step returns the state after one token.
//
//	x: (B, D), prev: (B, Σ Width + H) → (B, Σ Width + H)
func (f *feeder) step(x, prev *G.Node) *G.Node {
	states, mixed := f.split(prev)
	var context *G.Node
	if f.Attention == layers.Additive {
		context = f.att.Context(f.top(prev), f.s.SourceLengthsOfSequences())
		mixed = context
	}
	h := layers.Concat(f.s, x, mixed)
	var all *G.Node
	for i, cell := range f.cells {
		if i > 0 {
			h = layers.Dropout(f.s.Sub("%s%d", f.Cell, i), h, f.Dropout)
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
		context = f.att.Context(h, f.s.SourceLengthsOfSequences())
	}
	f.s.IsEdited("mix")
	return layers.Concat(f.s, all, f.s.Changed("mix", f.mix.Apply(layers.Concat(f.s, context, h)), graph.TapInfo{}))
}

// split splits the state of the loop.
//
//	all: (N, Σ Width + H) → states: (N, Width) of each layer, mixed: (N, H)
func (f *feeder) split(all *G.Node) (states []*G.Node, mixed *G.Node) {
	from := 0
	for _, cell := range f.cells {
		states = append(states, layers.Columns(f.s, all, from, from+cell.Width()))
		from += cell.Width()
	}
	return states, layers.Columns(f.s, all, from, all.Shape()[1])
}

// top returns the output of the last layer.
//
//	all: (N, Σ Width + H) → (N, H)
func (f *feeder) top(all *G.Node) *G.Node {
	states, _ := f.split(all)
	i := len(f.cells) - 1
	return f.cells[i].Output(states[i])
}
