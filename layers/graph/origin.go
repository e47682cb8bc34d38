package graph

import (
	"strings"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Origin identifies the layer that a node belongs to.
type Origin struct {
	Path     string // of the scope that declared the node, or the value that it is a gradient of
	Op       string // such as "linear" or "attention"; "" for an input or a parameter
	Backward bool   // the node is part of the backward pass
}

// Origin returns the layer that n belongs to. A stock op of Gorgonia has the path of the
// scope whose Must it went through; a stock op of the backward pass has the path of the value
// that it is the gradient of, or else that of its operands.
func (g *Graph) Origin(n *G.Node) Origin {
	o := Origin{Backward: g.backward(n)}
	place := ops.PlaceOf(n)
	switch {
	case place != "":
		o.Path, o.Op = cutLast(place)
		return o
	case n.Op() == nil:
		o.Path, _ = cutLast(n.Name())
		return o
	}
	o.Op, _, _ = strings.Cut(n.Op().String(), " ")
	o.Path = g.madeBy(n, o.Backward)
	return o
}

// backward reports whether differentiation added n.
func (g *Graph) backward(n *G.Node) bool { _, declared := g.made[n]; return !declared }

// madeBy returns the path of a stock op's layer.
func (g *Graph) madeBy(n *G.Node, backward bool) string {
	if path := g.made[n]; path != "" {
		return path
	}
	if backward {
		for _, of := range n.DerivOf() {
			return g.Origin(of).Path
		}
	}
	for _, in := range g.Operands(n) {
		if in.Op() != nil {
			return g.Origin(in).Path
		}
	}
	return ""
}

func cutLast(path string) (dir, last string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}
