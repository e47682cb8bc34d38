package graph_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers"
	"euryale/layers/graph"
)

// A layer has the line of the model that declared it, and a path inside it that no layer has
// declared has that of the layer around it.
func TestSourceOf(t *testing.T) {
	g, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 1, T: 2}, func(s *layers.Scope) {
		x := layers.Embedding(s.Sub("tok"), s.Tokens(), 5, 3)
		layers.Linear(s.Sub("h0/in"), x, 4)
	})
	require.NoError(t, err)
	tok, in := g.SourceOf("tok"), g.SourceOf("h0/in")
	assert.Equal(t, "source_test.go", filepath.Base(in.File))
	assert.Equal(t, tok.Line+1, in.Line)
	assert.Equal(t, in, g.SourceOf("h0/in/deeper"))
	assert.Zero(t, g.SourceOf("other"))
}

// A layer that an interpreter declares through package reflect has the line of the interpreter's
// caller, not one of package reflect.
func TestSourceThroughReflect(t *testing.T) {
	linear := reflect.ValueOf(layers.Linear)
	g, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 1, T: 2}, func(s *layers.Scope) {
		x := layers.Embedding(s.Sub("tok"), s.Tokens(), 5, 3)
		linear.Call([]reflect.Value{reflect.ValueOf(s.Sub("in")), reflect.ValueOf(x), reflect.ValueOf(4)})
	})
	require.NoError(t, err)
	in := g.SourceOf("in")
	assert.Equal(t, "source_test.go", filepath.Base(in.File))
	assert.Equal(t, g.SourceOf("tok").Line+1, in.Line)

	_, err = graph.Build(graph.NewWeights(1), graph.Frame{B: 1, T: 2}, func(s *layers.Scope) {
		var none *layers.Scope
		linear.Call([]reflect.Value{reflect.ValueOf(none), reflect.ValueOf(s.Tokens()), reflect.ValueOf(4)})
	})
	require.ErrorContains(t, err, "a node or a scope is nil")
	assert.Regexp(t, `, at source_test\.go:\d+$`, err.Error())
	assert.NotContains(t, err.Error(), "value.go", "the file of reflect.Value.Call")
}
