package models

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

// logitsOf declares the model's graph and returns its logits.
func logitsOf(m Model, s *layers.Scope) *G.Node {
	logits := m.Logits(s, s.Tokens())
	if logits == nil {
		s.Fail("Logits returned no node: the definition must return its last layer, such as layers.Head")
	}
	return logits
}

// Declare declares a model's graph for one token of one sequence. Parameters that w lacks get
// their initial values, in the graph's order, and Decay of all parameters is set.
func Declare(m Model, w *graph.Weights) error {
	_, err := graph.Build(w, graph.Frame{B: 1, T: 1, S: SourceOf(m)}, func(s *layers.Scope) { logitsOf(m, s) })
	return err
}

// Parameters returns the parameters that a model declares, without values.
func Parameters(m Model) ([]*graph.Param, error) {
	w := graph.NewBlankWeights()
	if err := m.Check(); err != nil {
		return nil, err
	}
	if err := Declare(m, w); err != nil {
		return nil, err
	}
	return w.All(), nil
}
