package ops

import (
	"errors"
	"fmt"

	"euryale/layers/stock"

	G "gorgonia.org/gorgonia"
)

// Cell is the body of a loop: a graph that computes the state after a token from placeholders
// for one token of every sequence and for the state before it. Its nodes are a template, which
// never runs.
type Cell struct {
	Token *G.Node // (B, in), a placeholder
	Prev  *G.Node // (B, D), a placeholder
	Next  *G.Node // (B, D)
	Scan  Scan    // the order of tokens
	Step  *int    // index of the current token, for dropout inside the cell; may be nil
}

// body is an analysed cell: the nodes that run at every step, and their inputs.
type body struct {
	Cell
	streams  []stream        // inputs with a row for each token
	captured G.Nodes         // nodes outside the cell that it reads: parameters, tables, values of other layers
	nodes    G.Nodes         // nodes that run at every step, operands first
	depends  map[*G.Node]int // onToken, onState: the placeholders that a node is computed from
}

// stream is a value of the cell that depends on the token but not on the state: it is computed
// for all tokens at once, outside the loop.
type stream struct {
	at  *G.Node // (B, W), in the cell
	all *G.Node // (B·T, W)
}

const (
	onToken = 1 << iota
	onState
)

// analyse splits a cell, whose tokens are the rows of x (B·T, in), into streams, captured nodes
// and nodes of the loop.
func (c Cell) analyse(x *G.Node) (*body, error) {
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

// isReshape reports whether n is a stock Reshape. Gorgonia's broadcasts insert one, which must
// stay in the cell with the broadcast that reads it.
func isReshape(n *G.Node) bool { return fmt.Sprintf("%T", n.Op()) == "gorgonia.reshapeOp" }

// dependsOn returns the placeholders that n is computed from, as flags.
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

// rowwise is implemented by ops that may be rowwise: each row of the result depends only on
// the same row of the operands. rows returns a function that declares the op on more rows, or
// nil if the op is not rowwise.
type rowwise interface {
	rows() func(in G.Nodes) (*G.Node, error)
}

// hoister moves parts of a cell out of the loop.
type hoister struct {
	*body
	all map[*G.Node]*G.Node // nodes of the cell → the same for all tokens; nil: cannot be hoisted
}

// hoist returns a node that computes n, which depends on the token only, for all tokens at
// once. It returns nil if an op on the way is not rowwise, or reads a row for each sequence
// from outside the cell.
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
		all, _ = op.rows()(in) // on an error n stays in the loop
	}
	h.all[n] = all
	return all
}
