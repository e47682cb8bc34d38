package models

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

// faultOf plants a number in a parameter of a model, and returns the first value of a training
// run that is not finite.
func faultOf(t *testing.T, m Model, path string, number float64) *Fault {
	t.Helper()
	w := graph.NewWeights(3)
	m.Common().Vocab = 7
	f := graph.Frame{B: 2, T: 4}
	_, err := Train(m, w, f, Options{})
	require.NoError(t, err)
	if path != "" {
		w.Get(path).Float32()[0] = float32(number)
	}
	feed := graph.Feed{Tokens: []int{0, 1, 2, 3, 4, 5, 6, -1}, Targets: []int{1, 2, 3, 4, 5, 6, 0, -1}}
	fault, err := FindFault(m, w, f, Options{}, feed, nil)
	require.NoError(t, err)
	return fault
}

// A number that is not finite in any weight is found in the layer that reads it.
func TestFindFault(t *testing.T) {
	for _, name := range []string{"gpt", "llama", "lstm", "gru", "rnn"} {
		m, err := New(name)
		require.NoError(t, err)
		assert.Nil(t, faultOf(t, m, "", 0), name)
	}
	m, err := New("gpt")
	require.NoError(t, err)
	for path, want := range map[string]string{
		"tok/W":        "tok",
		"h0/att/qkv/W": "h0/att/qkv",
		"h1/mlp/out/W": "h1/mlp/out",
		"h1/ln2/gain":  "h1/ln2",
		"ln/bias":      "ln",
	} {
		for _, number := range []float64{math.Inf(1), math.NaN()} {
			f := faultOf(t, m, path, number)
			require.NotNil(t, f, path)
			assert.Equal(t, want, f.Path, "%s = %v", path, number)
			assert.False(t, f.Backward)
			assert.Regexp(t, `^gpt\.go:\d+$`, f.Line)
			bad := 0
			for _, r := range f.Read {
				if r.NaN+r.Inf > 0 {
					bad++
					assert.Equal(t, path, r.Name)
				}
			}
			assert.Equal(t, 1, bad, "%v", f)
		}
	}
	f := faultOf(t, m, "ln/gain", 3e38)
	require.NotNil(t, f, "a product of finite numbers overflows")
	for _, r := range f.Read {
		assert.Zero(t, r.NaN+r.Inf, "%v", f)
	}
}

// A forward pass that is finite can have a backward pass that is not: the derivative of √x at 0
// is infinite. A score of −∞ that a softmax reads is no fault.
func TestFindFaultInTheBackwardPass(t *testing.T) {
	root := Define(8, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, 4)
		x = layers.Sqrt(s.Sub("root"), layers.Square(s.Sub("square"), layers.Scale(s, x, 0)))
		return layers.Head(s.Sub("head"), x, vocab)
	})
	f := faultOf(t, root, "", 0)
	require.NotNil(t, f)
	assert.True(t, f.Backward, "%v", f)
	assert.Equal(t, "root", f.Path, "%v", f)
	assert.Contains(t, f.String(), "of root (fault_test.go:")
	assert.Contains(t, f.String(), "in the backward pass")
}
