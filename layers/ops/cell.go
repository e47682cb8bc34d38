package ops

import (
	"errors"
	"fmt"

	"euryale/layers/stock"

	G "gorgonia.org/gorgonia"
)

// Cell is the body of a loop: a graph that its author declares once, from placeholders for
// one token of every sequence and for the state before it to the state after it. Its nodes
// are a template, which never runs itself.
type Cell struct {
	Token *G.Node // (B, in), a placeholder
	Prev  *G.Node // (B, D), a placeholder
	Next  *G.Node // (B, D)
	Step  *int    // the token at hand, which dropout inside the cell reads; may be nil
}

// body is a cell taken apart: what must run at every step, and what goes in.
type body struct {
	Cell
	streams  []stream        // rows that come with every token
	captured G.Nodes         // nodes outside the cell that it reads: parameters, tables, what other layers computed
	nodes    G.Nodes         // those that run at every step, operands first
	depends  map[*G.Node]int // on the placeholders
}

// stream is a value of the cell that does not depend on the state: it is computed for all
// tokens at once, outside the loop.
type stream struct {
	at  *G.Node // (B, W), in the cell
	all *G.Node // (B·T, W)
}

const (
	onToken = 1 << iota
	onState
)

// takeApart finds the parts of a cell that reads x, (B·T, in).
func (c Cell) takeApart(x *G.Node) (*body, error) {
	b := &body{Cell: c, depends: map[*G.Node]int{c.Token: onToken, c.Prev: onState}}
	if b.dependsOn(c.Next)&onState == 0 {
		return nil, errors.New("the cell's result does not depend on the state: compute it without a loop")
	}
	h := &hoister{body: b, all: map[*G.Node]*G.Node{c.Token: x}}
	seen := map[*G.Node]bool{c.Prev: true}
	var visit func(n *G.Node)
	visit = func(n *G.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		on := b.dependsOn(n)
		if on == 0 && !isReshape(n) {
			b.captured = append(b.captured, n)
			return
		}
		if on == onToken {
			if all := h.hoist(n); all != nil {
				b.streams = append(b.streams, stream{n, all})
				return
			}
		}
		for _, operand := range stock.Operands(n) {
			visit(operand)
		}
		b.nodes = append(b.nodes, n)
	}
	visit(c.Next)
	return b, nil
}

// isReshape reports whether n is a stock Reshape. One that a broadcast makes is right where
// it is read by the broadcast alone, so that it stays beside it in the cell.
func isReshape(n *G.Node) bool { return fmt.Sprintf("%T", n.Op()) == "gorgonia.reshapeOp" }

// dependsOn says which placeholders n is computed from.
func (b *body) dependsOn(n *G.Node) int {
	if on, known := b.depends[n]; known {
		return on
	}
	on := 0
	for _, operand := range stock.Operands(n) {
		on |= b.dependsOn(operand)
	}
	b.depends[n] = on
	return on
}

// rowwise is an op that may compute each row of its result from the same row of its
// operands: rows declares it on more of them. It is nil if the op does not work so.
type rowwise interface {
	rows() func(in G.Nodes) (*G.Node, error)
}

// hoister computes parts of a cell for all tokens at once.
type hoister struct {
	*body
	all map[*G.Node]*G.Node // nodes of the cell, computed for all tokens
}

// hoist returns n, which depends on the token alone, for all tokens at once, or nil if an op
// behind it does not work row by row, or reads one row for each sequence from outside.
func (h *hoister) hoist(n *G.Node) *G.Node {
	if all, known := h.all[n]; known {
		return all
	}
	op, ok := n.Op().(rowwise)
	ok = ok && op.rows() != nil
	in := stock.Operands(n)
	for i, operand := range in {
		if !ok || h.dependsOn(operand) == 0 {
			continue
		}
		if in[i] = h.hoist(operand); in[i] == nil {
			ok = false
		}
	}
	var all *G.Node
	if ok {
		all, _ = op.rows()(in) // shapes that do not fit: it stays in the loop
	}
	h.all[n] = all
	return all
}
