package models

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

// feeder is a decoder with input feeding. It runs step by step, because the attention's result
// at one token is an input of the next. The state of the loop is that of all layers, h̃, and with coverage the
// coverage and the weights of the last token. With Bahdanau's additive score the state before a token
// queries the source, and the context enters the cells with the token (Bahdanau et al. 2015, eq.
// 4 to 6). With Luong's scores the state after the token queries, and the mix h̃ of state and
// context enters with the next token (Luong et al. 2015, §3.3).
type feeder struct {
	*Seq2Seq
	s     *layers.Scope
	cells []layers.Cell
	att   *layers.SourceAttention
	mix   *layers.Dense

	hidden int // H
	source int // S with coverage, else 0
}

// feed runs the decoder's layers token by token. It returns also the attention weights if something
// reads them.
//
//	x: (B·T, D) → h̃: (B·T, H), weights: (B·T, S)
func (c *Seq2Seq) feed(s *layers.Scope, x *G.Node, states []*G.Node, att *layers.SourceAttention, mix *layers.Dense) (mixed, weights *G.Node) {
	f := &feeder{Seq2Seq: c, s: s, att: att, mix: mix, hidden: rnnWidth(c.Hidden, c.Dim)}
	rest := f.hidden
	if c.Coverage > 0 {
		att.Cover()
		f.source = s.Frame().S
		rest += 2 * f.source
	}
	in := s.Rows(x) + f.hidden
	for i := range states {
		at := s.Sub("%s%d", c.Cell, i)
		f.cells = append(f.cells, layers.NewCell(at, c.Cell, in, c.recurrent(nil)))
		in = f.hidden
	}
	start := states[0] // the state of every layer and h̃, side by side
	for _, state := range states[1:] {
		start = layers.Concat(s, start, state)
	}
	start = layers.Concat(s, start, s.Const("start", []int{s.B, rest}, func(int) float64 { return 0 }))
	after, before := layers.RecurStates(s.Sub("feed"), x, start.Shape()[1], start, f.step)
	queries := after
	if c.Attention == layers.Additive {
		queries = before
	}
	att.TapLater(c.lengths(s), func() (*G.Node, *G.Node) { return f.top(queries), f.coverage(before) })
	f.tap(x, before, after)
	switch {
	case f.source > 0:
		weights = layers.Columns(s, after, after.Shape()[1]-f.source, after.Shape()[1])
		f.addCoverageLoss(weights, before)
	case c.readsWeights(s):
		weights = att.Weights(f.top(queries), c.lengths(s), nil)
	}
	_, mixed = f.split(after)
	return mixed, weights
}

// addCoverageLoss adds the loss for attending to a token again: Σ min(weight, coverage) of each row (See, Liu
// and Manning 2017, eq. 12).
//
//	weights: (B·T, S), before: (B·T, Σ Width + H + 2·S)
func (f *feeder) addCoverageLoss(weights, before *G.Node) {
	if f.s.Frame().Gradient {
		s := f.s.Sub("cross")
		s.AddLoss("coverage_loss", layers.SumColumns(s, layers.Min(s, weights, f.coverage(before))), f.Coverage)
	}
}

// coverage returns the attention that each token of the source has had, or nil without coverage.
//
//	all: (N, Σ Width + H + 2·S) → (N, S)
func (f *feeder) coverage(all *G.Node) *G.Node {
	if f.source == 0 {
		return nil
	}
	end := all.Shape()[1] - f.source
	return layers.Columns(f.s, all, end-f.source, end)
}

// attend returns the context of a query, and with coverage the weights, else nil.
//
//	h: (N, H), lengths: (N) int, before: (N, Σ Width + H + 2·S) → (N, E), (N, S)
func (f *feeder) attend(h, lengths, before *G.Node) (context, weights *G.Node) {
	if f.source == 0 {
		return f.att.Context(h, lengths), nil
	}
	weights = f.att.Weights(h, lengths, f.coverage(before))
	return f.att.Mix(weights), weights
}

// tap declares the taps of the loop, from the states before and after all tokens.
//
//	x: (B·T, D), before, after: (B·T, Σ Width + H + 2·S)
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
				context, _ := f.attend(f.top(before), f.lengths(f.s), before)
				in = layers.Concat(f.s, x, context)
			default:
				in = layers.Concat(f.s, x, mixed)
			}
			return in, priors[i], all[i]
		})
	}
}

// step returns the state after one token.
//
//	x: (B, D), prev: (B, Σ Width + H + 2·S) → the same
func (f *feeder) step(x, prev *G.Node) *G.Node {
	states, mixed := f.split(prev)
	var context, weights *G.Node
	if f.Attention == layers.Additive {
		context, weights = f.attend(f.top(prev), f.lengthsOfSequences(f.s), prev)
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
		context, weights = f.attend(h, f.lengthsOfSequences(f.s), prev)
	}
	f.s.IsEdited("mix")
	all = layers.Concat(f.s, all, f.s.Changed("mix", f.mix.Apply(layers.Concat(f.s, context, h)), graph.TapInfo{}))
	if weights == nil {
		return all
	}
	return layers.Concat(f.s, all, layers.Add(f.s, f.coverage(prev), weights), weights)
}

// split splits the state of the loop.
//
//	all: (N, Σ Width + H + 2·S) → states: (N, Width) of each layer, mixed: (N, H)
func (f *feeder) split(all *G.Node) (states []*G.Node, mixed *G.Node) {
	from := 0
	for _, cell := range f.cells {
		states = append(states, layers.Columns(f.s, all, from, from+cell.Width()))
		from += cell.Width()
	}
	return states, layers.Columns(f.s, all, from, from+f.hidden)
}

// top returns the output of the last layer.
//
//	all: (N, Σ Width + H + 2·S) → (N, H)
func (f *feeder) top(all *G.Node) *G.Node {
	states, _ := f.split(all)
	i := len(f.cells) - 1
	return f.cells[i].Output(states[i])
}
