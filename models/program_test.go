package models

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
)

// A read whose hash another node has is declared again, with another value.
func TestReadHasItsOwnHash(t *testing.T) {
	x := G.NewScalar(G.NewGraph(), G.Float32, G.WithName("x"))
	var tried []uint32
	r, v := read(x, func(hash uint32) bool {
		tried = append(tried, hash)
		return len(tried) == 3
	})
	assert.Len(t, tried, 3)
	assert.Equal(t, tried[2], r.Hashcode())
	assert.NotEqual(t, tried[0], tried[1])
	assert.NotEqual(t, tried[1], tried[2])
	assert.NotNil(t, v)
}

// A run is one of the machine's Run, not of RunAll, and has its bits.
func TestRunIsRunAll(t *testing.T) {
	m := &GPT{Sizes: Sizes{Vocab: 7, Context: 5}, Layers: 1, Heads: 2, Dim: 8, Activation: "gelu"}
	p, err := Train(m, graph.NewWeights(1), graph.Frame{B: 2, T: 5}, Options{})
	require.NoError(t, err)
	pointer := func(f func() error) uintptr { return reflect.ValueOf(f).Pointer() }
	assert.NotEqual(t, pointer(p.vm.RunAll), pointer(p.run), "Gorgonia's program has its instructions elsewhere")
	gradients := func() (all [][]float32) {
		require.NoError(t, p.Run(graph.Feed{Tokens: []int{1, 2, 3, 4, 5, 6, 0, 1, 2, 3}, Targets: []int{2, 3, 4, 5, 6, 0, 1, 2, 3, 4}}))
		for _, g := range p.grads {
			all = append(all, slices.Clone(g.Value().Data().([]float32)))
		}
		return all
	}
	run, loss := gradients(), p.Loss()
	p.run = p.vm.RunAll
	assert.Equal(t, run, gradients())
	assert.Equal(t, loss, p.Loss())
	assert.NotEqual(t, run[0], make([]float32, len(run[0])))
}

// Without the instructions a run is RunAll.
func TestRunnerWithoutInstructions(t *testing.T) {
	g := G.NewGraph()
	G.NewScalar(g, G.Float32, G.WithName("x"))
	var vm G.VM = G.NewTapeMachine(g)
	for _, program := range []any{&struct{ other int }{}, &struct{ instructions string }{}} {
		run := runner(vm, func([]int) error { return nil }, program)
		assert.Equal(t, reflect.ValueOf(vm.RunAll).Pointer(), reflect.ValueOf(run).Pointer())
	}
}
