package models_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/models"
)

func TestDefinedWithoutGraph(t *testing.T) {
	assert.ErrorContains(t, models.Define(8, nil).Check(), "it has no graph")
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
