package models_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
)

func TestDefinedWithoutGraph(t *testing.T) {
	assert.ErrorContains(t, models.Define(8, nil).Check(), "it has no graph")
}

// A definition without a result, or that panics, is an error wherever it is declared.
func TestDefinedWithoutResult(t *testing.T) {
	none := models.Define(8, func(*layers.Scope, *G.Node, int) *G.Node { return nil })
	odd := models.Define(8, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		layers.Embedding(s.Sub("tok"), tokens, vocab, 4)
		panic("odd")
	})
	for want, m := range map[string]*models.Defined{
		"model: Logits returned no node: the definition must return its last layer": none,
		"tok: the definition panicked at defined_test.go:":                          odd,
	} {
		m.Vocab = 4
		_, err := models.Parameters(m)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, models.Declare(m, graph.NewWeights(1)), want)
		_, err = models.Train(m, graph.NewWeights(1), graph.Frame{B: 1, T: 2}, models.Options{})
		assert.ErrorContains(t, err, want)
		_, err = models.NewMemory(m, graph.NewWeights(1), 1, 4, 0)
		assert.ErrorContains(t, err, want)
	}
}

// A model in three lines, and what it declares.
func ExampleDefine() {
	m := models.Define(8, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, 16)
		x = layers.MLP(s.Sub("mlp"), x, 32, "gelu")
		return layers.Head(s.Sub("head"), x, vocab)
	})
	m.Vocab = 5
	params, err := models.Parameters(m)
	for _, p := range params {
		fmt.Println(p.Path, p.Shape)
	}
	fmt.Println(err)
	// Output:
	// tok/W [5 16]
	// mlp/in/W [16 32]
	// mlp/in/b [32]
	// mlp/out/W [32 16]
	// mlp/out/b [16]
	// head/W [16 5]
	// head/b [5]
	// <nil>
}
