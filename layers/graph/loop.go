package graph

import (
	"maps"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/ops"
)

// Loop declares a cell once and runs it over the tokens of every sequence: x holds the cell's
// input at each token, prev the state before the first. While the cell is declared, scopes
// have one token of every sequence (T = 1). The cell may read any node from outside that is
// the same for all tokens. Rows of padding keep the state.
//
//	x: (B·T, in), prev: (B, D) → (B·T, D), the state after each token
//	cell: (B, in), (B, D) → (B, D)
func (s *Scope) Loop(x, prev *G.Node, cell func(x, prev *G.Node) *G.Node) *G.Node {
	return s.LoopOver(x, prev, false, cell)
}

// LoopOver is Loop, from the last token to the first if reverse is set.
func (s *Scope) LoopOver(x, prev *G.Node, reverse bool, cell func(x, prev *G.Node) *G.Node) *G.Node {
	g := s.graph
	in := s.Rows(x)
	s.RefuseNil(prev)
	s.refuseInCell("another loop")
	c := ops.Cell{Token: s.placeholder("token", x, s.B, in), Prev: s.placeholder("before", prev, prev.Shape()...), Step: new(int),
		Scan: ops.Scan{Sequences: s.B, Reverse: reverse}}
	taps, flops := maps.Clone(g.taps), g.tape.Flops()
	g.cell = &c
	known := len(g.expr.AllNodes())
	c.Next = cell(c.Token, c.Prev)
	g.cell = nil
	for _, n := range g.expr.AllNodes()[known:] {
		g.inCell[n] = true
	}
	g.tape.AddFlops(flops - g.tape.Flops()) // those of the template, which does not run
	if c.Next == nil {
		s.Fail("the cell returned nothing, want (%d, %d)", s.B, prev.Shape()[1])
	}
	if !c.Next.Shape().Eq(prev.Shape()) {
		s.Fail("the cell returned %v, want %v", c.Next.Shape(), prev.Shape())
	}
	s.admit(c.Next, caller())
	g.hideTaps(taps)
	return s.Must(ops.Loop(s.At("loop"), c, x, prev, s.Positions()))
}

func (s *Scope) placeholder(name string, like *G.Node, shape ...int) *G.Node {
	return G.NewTensor(s.graph.expr, like.Dtype(), len(shape), G.WithShape(tensor.Shape(shape).Clone()...), G.WithName(s.claim(name)))
}

// refuseInCell fails while a cell is declared.
func (s *Scope) refuseInCell(what string) {
	if s.graph.cell != nil {
		s.Fail("the cell of a loop cannot hold %s: declare it outside, or make it part of the cell's state", what)
	}
}

// hideTaps removes the taps that a cell has declared: the cell's nodes are a template and
// have no values.
func (g *Graph) hideTaps(before map[string]*G.Node) {
	for name, n := range g.taps {
		if before[name] == nil && n.Op() != nil {
			delete(g.taps, name)
			g.hidden[name] = true
		}
	}
	for v, names := range g.views {
		var left []string
		for _, name := range names {
			if !g.hidden[name] {
				left = append(left, name)
			}
		}
		g.views[v] = left
	}
}
