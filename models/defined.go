package models

import (
	"errors"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// Defined is a model defined by a function, for notebooks and tests. It is not in the registry.
type Defined struct {
	Sizes
	// Graph declares the graph.
	//
	//	tokens: (B·T) int → logits: (B·T, vocab)
	Graph func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node `toml:"-"`
}

// Define returns a model with the given context length whose Logits calls graph. Training sets
// Vocab.
func Define(context int, graph func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node) *Defined {
	return &Defined{Sizes: Sizes{Context: context}, Graph: graph}
}

// definedLoss is a Defined with a custom loss.
type definedLoss struct {
	*Defined
	loss func(s *layers.Scope, logits *G.Node) *G.Node
}

// WithLoss returns the model with a custom training loss: see the interface WithLoss.
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

// Check returns an error if the model is invalid.
func (d *Defined) Check() error {
	if d.Graph == nil {
		return errors.New("model: it has no graph: give Define a function")
	}
	return d.Sizes.Check()
}
