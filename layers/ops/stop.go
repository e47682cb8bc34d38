package ops

import (
	"slices"

	G "gorgonia.org/gorgonia"

	"euryale/layers/stock"
)

// StopGradient returns x as a constant: no gradient flows back through it.
//
//	x: (…) → (…)
//
// Gorgonia refuses to differentiate with respect to a parameter that the loss does not depend
// on. So the op also has as operands the inputs of the graph that x depends on, with gradients
// of zero: a parameter that only x depends on gets this gradient.
func StopGradient(p Place, x *G.Node) (*G.Node, error) {
	if !p.Tape.Differentiated {
		return x, nil
	}
	in := append(G.Nodes{x}, leaves(x)...)
	return apply(p, stopSpec[float32](p.Tape, in), stopSpec[float64](p.Tape, in), in...)
}

// leaves returns the inputs of the graph that x depends on, of x's type.
func leaves(x *G.Node) G.Nodes {
	var found G.Nodes
	seen := map[*G.Node]bool{}
	var walk func(n *G.Node)
	walk = func(n *G.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		if n.Op() == nil && n.Dtype() == x.Dtype() {
			found = append(found, n)
		}
		for _, operand := range stock.Operands(n) {
			walk(operand)
		}
	}
	walk(x)
	return found
}

func stopSpec[T Float](t *Tape, in G.Nodes) spec[T] {
	var held []T
	s := spec[T]{shape: in[0].Shape(), fwd: func(in []arg[T], y []T) {
		copy(y, in[0].X)
		switch {
		case !t.holdsStopped:
			held = nil
		case held == nil:
			held = slices.Clone(in[0].X)
		default:
			copy(y, held)
		}
	}}
	for i := range in[1:] {
		s.backs = append(s.backs, back[T]{of: []int{i + 1}, reads: []int{}, do: func(_ []arg[T], _, _ []T, dx [][]T) { clear(dx[0]) }})
	}
	return s
}
