package layers_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

// What cannot be copied from is an error that names the layer and what was given.
func TestPointerErrors(t *testing.T) {
	for want, declare := range map[string]func(s *layers.Scope, x *G.Node){
		`no layer offers "cross/first_head" yet; similar names: ["att/first_head"]`: func(s *layers.Scope, x *G.Node) {
			layers.CausalSelfAttention(s.Sub("att"), x, 2, 0)
			layers.FirstHead(s, "cross")
		},
		"att: the weights of a head with ALiBi cannot be read": func(s *layers.Scope, x *G.Node) {
			layers.Attention(s.Sub("att"), x, layers.AttentionConfig{Heads: 2, Causal: true, ALiBi: true})
			layers.FirstHead(s, "att")
		},
		"pointer: the logits are (6, 8), the weights (6, 8) and the tokens (6, 1), want (N, V), (N, C) and (2·C, 1)": func(s *layers.Scope, x *G.Node) {
			layers.PointerHead(s.Sub("pointer"), x, x, layers.TextTokens(s, x))
		},
		"the graph was built without a source": func(s *layers.Scope, x *G.Node) { layers.SourceTokens(s, x) },
	} {
		_, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 2, T: 3}, func(s *layers.Scope) {
			declare(s, layers.Embedding(s.Sub("tok"), s.Tokens(), 5, 8))
		})
		require.Error(t, err)
		assert.ErrorContains(t, err, want)
	}
}
