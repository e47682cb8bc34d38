package models

import (
	"slices"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

// edited is a model whose graphs change taps.
type edited struct {
	Model
	edits []graph.Edit
}

// editedLoss is an edited with a custom loss.
type editedLoss struct {
	edited
	own WithLoss
}

// Edited returns a model with the graph and the weights of m in which everything that reads a tap
// reads what the edits make of it. It serves all programs. Edits of an
// edited model are added to its own. Without edits it returns m. A Predictor
// has no taps.
func Edited(m Model, edits []graph.Edit) Model {
	if len(edits) == 0 {
		return m
	}
	switch inner := m.(type) {
	case *edited:
		return Edited(inner.Model, slices.Concat(inner.edits, edits))
	case *editedLoss:
		return Edited(inner.Model, slices.Concat(inner.edits, edits))
	}
	e := edited{m, edits}
	if own, ok := m.(WithLoss); ok {
		return &editedLoss{e, own}
	}
	return &e
}

// Logits declares the graph of the model, with the edits.
//
//	tokens: (B·T) int → (B·T, V)
func (e *edited) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	s.Edit(e.edits)
	return e.Model.Logits(s, tokens)
}

// Loss declares the custom loss of each row.
//
//	logits: (B·T, V) → (B·T)
func (e *editedLoss) Loss(s *layers.Scope, logits *G.Node) *G.Node { return e.own.Loss(s, logits) }

// SourceContext returns the maximum length of a source in tokens, 0 if the model reads none.
func (e *edited) SourceContext() int { return SourceOf(e.Model) }

// IsBidirectional reports whether tokens attend to later tokens.
func (e *edited) IsBidirectional() bool { return IsBidirectional(e.Model) }
