package ops

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// inputs declares matrices by name and shape, and vectors of integers.
func inputs(shapes map[string][]int, ints map[string][]int) map[string]*G.Node {
	g := G.NewGraph()
	in := map[string]*G.Node{}
	for name, shape := range shapes {
		v := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))
		in[name] = G.NewTensor(g, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(v))
	}
	for name, ids := range ints {
		v := tensor.New(tensor.WithShape(len(ids)), tensor.WithBacking(ids))
		in[name] = G.NewVector(g, tensor.Int, G.WithShape(len(ids)), G.WithName(name), G.WithValue(v))
	}
	return in
}

// An op refuses what does not fit when it is declared, and says what it was given.
func TestDeclarationErrors(t *testing.T) {
	in := inputs(map[string][]int{"x": {6, 8}, "y": {6, 3}, "w": {8, 5}, "b": {4}, "v": {7}, "k": {9, 8}},
		map[string][]int{"six": make([]int, 6), "five": make([]int, 5)})
	p := Place{NewTape(), "here"}
	drop := Drop{P: 0.5, Noise: &Noise{}}
	for name, c := range map[string]struct {
		n    func() (*G.Node, error)
		want string
	}{
		"linear":      {func() (*G.Node, error) { return Linear(p, Identity, in["y"], in["w"], nil) }, "x is (6, 3), and W takes 8 columns"},
		"linear rank": {func() (*G.Node, error) { return Linear(p, Identity, in["v"], in["w"], nil) }, "want two matrices"},
		"linear bias": {func() (*G.Node, error) { return Linear(p, Identity, in["x"], in["w"], in["b"]) }, "b is (4), want (5)"},
		"linearT":     {func() (*G.Node, error) { return LinearT(p, Identity, in["x"], in["w"], nil) }, "x is (6, 8), and W takes 5 columns"},
		"activation":  {func() (*G.Node, error) { return Activate(p, "squiggle", in["x"]) }, `no activation is called "squiggle"`},
		"gather":      {func() (*G.Node, error) { return Gather(p, in["x"], in["v"]) }, "the ids are (7) of float32"},
		"columns":     {func() (*G.Node, error) { return Columns(p, in["x"], 5, 9) }, "x is (6, 8), want a matrix with columns 5 to 9"},
		"add":         {func() (*G.Node, error) { return Add(p, in["x"], in["y"]) }, "the terms are (6, 8) and (6, 3)"},
		"mul":         {func() (*G.Node, error) { return Mul(p, in["x"], in["y"]) }, "the terms are (6, 8) and (6, 3)"},
		"dropout":     {func() (*G.Node, error) { return Dropout(p, Drop{P: 1}, in["x"]) }, "dropout is 1"},
		"residual":    {func() (*G.Node, error) { return AddDropped(p, drop, in["x"], in["y"]) }, "the terms are (6, 8) and (6, 3)"},
		"layernorm":   {func() (*G.Node, error) { return LayerNorm(p, 1e-5, in["x"], in["b"], nil) }, "its gain or bias (4), want (8)"},
		"rmsnorm":     {func() (*G.Node, error) { return RMSNorm(p, 1e-5, in["v"], in["b"]) }, "x is (7), want (N, D)"},
		"entropy":     {func() (*G.Node, error) { return CrossEntropy(p, 0, in["x"], in["five"]) }, "logits are (6, 8) and targets (5)"},
		"smoothing":   {func() (*G.Node, error) { return CrossEntropy(p, 1, in["x"], in["six"]) }, "label smoothing is 1"},
		"attention": {func() (*G.Node, error) {
			return Attention(p, AttentionConfig{Sequences: 2, Heads: 3, KVHeads: 3}, in["x"], in["x"], in["x"], in["six"])
		}, "q is (6, 8)"},
		"sequences": {func() (*G.Node, error) {
			return Attention(p, AttentionConfig{Sequences: 2, Heads: 2, KVHeads: 2}, in["x"], in["k"], in["k"], in["six"])
		}, "k (9, 8)"},
		"groups": {func() (*G.Node, error) {
			return AttentionOf(p, AttentionConfig{Sequences: 2, Heads: 3, KVHeads: 2}, in["x"], in["six"])
		}, "qkv is (6, 8)"},
		"append": {func() (*G.Node, error) {
			return Append(p, 2, tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(8, 5)), in["x"], in["six"])
		}, "x is (6, 8) of float32 and the cache (8, 5)"},
		"only indices": {func() (*G.Node, error) { return apply(p, spec[float32]{}, spec[float64]{}, in["six"]) }, "here: no input holds floating-point numbers"},
	} {
		_, err := c.n()
		assert.ErrorContains(t, err, c.want, name)
	}
}

// An op that fails while a program runs says which layer it was, and the next run works.
func TestRunErrors(t *testing.T) {
	ids := []int{1, 99}
	in := inputs(map[string][]int{"table": {7, 3}}, map[string][]int{"ids": ids})
	tape := NewTape()
	y, err := Gather(Place{tape, "tok/gather"}, in["table"], in["ids"])
	require.NoError(t, err)
	vm := G.NewTapeMachine(y.Graph(), G.WithEngine(tape))
	tape.Begin()
	require.Error(t, vm.RunAll())
	require.EqualError(t, tape.Err(), "tok/gather: row 1 has id 99, but the table has 7 rows")
	ids[1] = 2
	tape.Begin()
	vm.Reset()
	require.NoError(t, vm.RunAll())
	assert.Nil(t, tape.Err())
}

// A transposed view, which a stock op may hand on, is refused and not misread.
func TestViewsAreRefused(t *testing.T) {
	v := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(4, 3))
	require.NoError(t, v.T())
	assert.PanicsWithValue(t, "an input is a view or a transpose: copy it first", func() { values[float32](v) })
	assert.Panics(t, func() { values[float64](tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(2))) })
}
