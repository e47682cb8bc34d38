package experiment

import (
	"fmt"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"euryale/models/modeltest"
)

// residuals returns a fault for layers with weights between two residual additions that have no
// path around them. A model without residual additions has no fault.
func (s *structure) residuals() (faults []error) {
	for _, root := range []string{"tokens", "source/tokens"} {
		trunk := s.trunk(root)
		var between G.Nodes
		var last *G.Node // residual addition
		for i, n := range trunk {
			if i == 0 || !s.isBypass(n, trunk[i-1]) {
				between = append(between, n)
				continue
			}
			if layers := s.weighted(between); last != nil && len(layers) > 0 && last.Shape().Eq(n.Shape()) {
				from, to, first := s.g.Origin(last), s.g.Origin(n), s.g.Origin(between[slices.IndexFunc(between, s.hasWeights)])
				faults = append(faults, &modeltest.Fault{Layer: first.Path, Op: first.Op, Line: s.g.Line(between[slices.IndexFunc(between, s.hasWeights)]),
					Seen:  fmt.Sprintf("no path leads around %s, between the residual additions of %s and %s", strings.Join(layers, ", "), nameOrModel(from.Path), nameOrModel(to.Path)),
					Cause: "the result of a sub-layer replaces its input where it should be added to it, as layers.Residual(s, x, y, dropout) does"})
			}
			last, between = n, nil
		}
	}
	return faults
}

// trunk returns the nodes that every path from an input to the logits goes through, in order.
//
// A node is on every path if the number of paths to it times that from it is the number of all
// paths. The numbers are computed modulo 2⁶⁴, which is enough to tell them apart.
func (s *structure) trunk(root string) (trunk G.Nodes) {
	order := pass(s.g)
	to, from := map[*G.Node]uint64{}, map[*G.Node]uint64{}
	reached := map[*G.Node]bool{}
	for _, n := range order {
		if n.Op() == nil && n.Name() == root {
			to[n], reached[n] = 1, true
		}
		for _, operand := range s.g.Operands(n) {
			to[n] += weightOf(operand, n) * to[operand]
			reached[n] = reached[n] || reached[operand]
		}
	}
	if len(order) == 0 {
		return nil
	}
	logits := order[len(order)-1]
	from[logits] = 1
	for i := len(order) - 1; i >= 0; i-- {
		for _, operand := range s.g.Operands(order[i]) {
			from[operand] += weightOf(operand, order[i]) * from[order[i]]
		}
	}
	for _, n := range order {
		if reached[n] && n.Op() != nil && to[n]*from[n] == to[logits] {
			trunk = append(trunk, n)
		}
	}
	return trunk
}

// weightOf returns an odd number for an edge, so that products and sums of paths over different
// edges do not agree by chance, as powers of two would modulo 2⁶⁴.
func weightOf(a, b *G.Node) uint64 {
	return uint64(a.ID()*0x9e3779b1+b.ID()*0x85ebca6b)<<1 | 1
}

// isBypass reports whether n reads before, the node of the trunk before it, next to another value
// that is computed from it.
func (s *structure) isBypass(n, before *G.Node) bool {
	operands := s.g.Operands(n)
	others := 0
	for _, operand := range operands {
		if operand != before && operand.Op() != nil && s.dependsOn(operand, before, map[*G.Node]bool{}) {
			others++
		}
	}
	return others > 0 && slices.Contains(operands, before)
}

func (s *structure) dependsOn(n, on *G.Node, seen map[*G.Node]bool) bool {
	if n == on {
		return true
	}
	if seen[n] {
		return false
	}
	seen[n] = true
	return slices.ContainsFunc(s.g.Operands(n), func(operand *G.Node) bool { return s.dependsOn(operand, on, seen) })
}

// hasWeights reports whether n reads a matrix of weights.
func (s *structure) hasWeights(n *G.Node) bool {
	return slices.ContainsFunc(s.g.Operands(n), func(operand *G.Node) bool {
		return operand.Op() == nil && operand.Dims() == 2 && operand.Shape()[0] > 1 && operand.Shape()[1] > 1
	})
}

// weighted returns the paths of the nodes that read weights.
func (s *structure) weighted(nodes G.Nodes) (paths []string) {
	for _, n := range nodes {
		if s.hasWeights(n) {
			paths = append(paths, nameOrModel(s.g.Origin(n).Path))
		}
	}
	return paths
}
