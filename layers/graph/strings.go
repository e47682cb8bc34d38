package graph

import (
	"fmt"

	"gorgonia.org/tensor"
)

// The strings below are what a notebook shows of a value that ends a cell.

// String returns the path, shape and type, and not the values.
func (p *Param) String() string {
	kind := "without values"
	switch {
	case p.Float32() != nil:
		kind = "float32"
	case p.Float64() != nil:
		kind = "float64"
	}
	return fmt.Sprintf("%s %v %s", p.Path, tensor.Shape(p.Shape), kind)
}

// String returns the numbers of parameters and values, with the first and the last parameter.
func (w *Weights) String() string {
	n := len(w.order)
	switch n {
	case 0:
		return "weights without parameters"
	case 1, 2:
		return fmt.Sprintf("%d values in %d parameters: %v", w.Count(), n, w.All())
	}
	return fmt.Sprintf("%d values in %d parameters: %v, …, %v", w.Count(), n, w.byPath[w.order[0]], w.byPath[w.order[n-1]])
}

// String returns the sizes that the graph is built for and the numbers of its nodes and parameters.
func (g *Graph) String() string {
	return fmt.Sprintf("graph of %d sequences of %d tokens: %d nodes, %d parameters", g.frame.B, g.frame.T, len(g.expr.AllNodes()), len(g.params))
}
