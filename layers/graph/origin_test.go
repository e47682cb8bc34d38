package graph_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

// Every node says which layer it is of: fused ops, stock ones, parameters, inputs, and
// the derivatives of them all.
func TestOrigin(t *testing.T) {
	var stock, loss *G.Node
	g, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 1, T: 2}, func(s *layers.Scope) {
		x := layers.Embedding(s.Sub("tok"), s.Tokens(), 5, 3)
		h := s.Sub("h0")
		x = layers.Linear(h.Sub("in"), x, 4)
		stock = h.Must(G.Tanh(x))
		loss = s.Must(G.Sum(layers.Linear(s.Sub("out"), stock, 2)))
	})
	require.NoError(t, err)
	assert.Equal(t, graph.Origin{Path: "h0", Op: "tanh"}, g.Origin(stock))
	in, err := g.Tap("h0/in")
	require.NoError(t, err)
	assert.Equal(t, graph.Origin{Path: "h0/in", Op: "linear"}, g.Origin(in))
	w, err := g.Tap("h0/in/W")
	require.NoError(t, err)
	assert.Equal(t, graph.Origin{Path: "h0/in"}, g.Origin(w))
	assert.Equal(t, w, g.Operands(in)[1], "a Linear is made of x, W and b")

	grads, err := G.Grad(loss, g.Params()...)
	require.NoError(t, err)
	for i, p := range g.Params() {
		o := g.Origin(grads[i])
		assert.True(t, o.Backward, p.Name())
		assert.Equal(t, g.Origin(p).Path, o.Path, "the gradient of %s", p.Name())
	}
	assert.False(t, g.Origin(stock).Backward)
	paths := map[string]bool{}
	for _, n := range g.Expr().AllNodes() {
		if o := g.Origin(n); o.Backward && o.Op != "" {
			paths[o.Path] = true
		}
	}
	assert.Contains(t, paths, "h0", "the derivative of the stock tanh is of its layer")
}
