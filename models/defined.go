package models

import (
	"errors"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// Defined is a model whose graph is a function: a definition for a notebook or a test,
// which no configuration file names.
type Defined struct {
	Sizes
	// Graph declares the graph.
	//
	//	tokens: (B·T) int → logits: (B·T, vocab)
	Graph func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node `toml:"-"`
}

// Define is the model of a function that declares a graph. Its sequences hold context tokens;
// Vocab is set by whoever trains it.
func Define(context int, graph func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node) *Defined {
	return &Defined{Sizes: Sizes{Context: context}, Graph: graph}
}

// definedLoss is a Defined with a loss of its own.
type definedLoss struct {
	*Defined
	loss func(s *layers.Scope, logits *G.Node) *G.Node
}

// WithLoss returns the model trained on a loss of its own: see the interface WithLoss.
func (d *Defined) WithLoss(loss func(s *layers.Scope, logits *G.Node) *G.Node) Model {
	return &definedLoss{d, loss}
}

// Loss declares the loss of each row.
//
//	logits: (B·T, V) → (B·T)
func (d *definedLoss) Loss(s *layers.Scope, logits *G.Node) *G.Node { return d.loss(s, logits) }

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (d *Defined) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	return d.Graph(s, tokens, d.Vocab)
}

// Check says what is wrong with the model.
func (d *Defined) Check() error {
	if d.Graph == nil {
		return errors.New("model: it has no graph: give Define a function")
	}
	return d.Sizes.Check()
}
