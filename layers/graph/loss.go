package graph

import (
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// AddLoss adds weight times a loss to the training objective: the mean of x over the rows
// that have a target, like the model's own loss. Metrics report it by its path, unweighted.
// A single value, such as a penalty on a parameter, counts once for each target. Graphs
// without a gradient do not compute it.
//
//	x: (B·T), (B·T, 1) or a single value
func (s *Scope) AddLoss(name string, x *G.Node, weight float64) {
	s.refuseInCell("a loss")
	path, f := s.claim(name), s.graph.frame
	if math.IsNaN(weight) || math.IsInf(weight, 0) {
		s.Fail("%s: the weight of the loss is %v, want a number", name, weight)
	}
	if s.source {
		s.Fail("%s: a loss is a mean over targets, and the source has none: reduce it to a single value and add it in the target's scope", name)
	}
	if !f.Gradient {
		return
	}
	mean := s.Must(ops.MeanOfTargets(s.At(name), x, s.Targets(), s.TargetCount()))
	s.graph.losses = append(s.graph.losses, Loss{path, mean, weight})
	s.graph.taps[path] = mean
}

// Objective returns the scalar that training minimises: the model's own loss plus the
// weighted losses that layers have added.
func (s *Scope) Objective(loss *G.Node) *G.Node {
	added := s.graph.losses
	if len(added) == 0 {
		return loss
	}
	weights, terms := []float64{1}, G.Nodes{loss}
	for _, l := range added {
		weights, terms = append(weights, l.Weight), append(terms, l.Node)
	}
	return s.Must(ops.WeightedSum(s.At("objective"), weights, terms...))
}

// Losses returns the losses added by AddLoss, in the order declared.
func (g *Graph) Losses() []Loss { return g.losses }
