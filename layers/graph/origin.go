package graph

import (
	"strings"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Origin is where a node of a graph comes from.
type Origin struct {
	Path     string // of the scope that declared it, or that of the layer it is the derivative of
	Op       string // what it computes: "linear" or "attention"; "" for an input or a parameter
	Backward bool   // it is part of a derivative
}

// Origin says where n comes from. A stock op of Gorgonia has the path of the scope whose
// Must it went through; one in a derivative has that of the value it is the gradient of,
// or else of what it reads.
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

// backward says whether differentiation added n.
func (g *Graph) backward(n *G.Node) bool { _, declared := g.made[n]; return !declared }

// madeBy is the path of a stock op's layer.
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
