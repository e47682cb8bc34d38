package models

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"euryale/layers/graph"
)

// A watched run passes on each gradient once, with its final values, the last layers' first and while the
// run goes on: a third of a GPT's values before three quarters of its instructions have run.
func TestWatchGradients(t *testing.T) {
	for _, name := range []string{"gpt", "lstm", "transformer"} {
		m, err := New(name)
		require.NoError(t, err)
		m.Common().Vocab = 5
		f := graph.Frame{B: 2, T: 6, S: SourceOf(m)}
		p, err := Train(m, graph.NewWeights(1), f, Options{})
		require.NoError(t, err)
		feed := graph.Feed{Tokens: []int{1, 2, 3, 1, 0, 2, 2, 1, 0, 4, 1, 1}, Targets: []int{2, 3, 1, 0, 2, 1, 1, 0, 3, 1, 1, 2}, Source: make([]int, 2*f.S)}
		require.NoError(t, p.Run(feed))
		early, all := 0, 0
		got := make([][]float32, len(p.grads))
		p.WatchGradients(func(k int, g *tensor.Dense) {
			require.Nil(t, got[k], "once")
			got[k] = slices.Clone(g.Float32s())
			all += len(got[k])
			if p.watch.at[p.watch.next].instruction < len(p.order)*3/4 {
				early += len(got[k])
			}
		})
		require.NoError(t, p.Run(feed))
		for k, g := range p.Gradients() {
			assert.Equal(t, g.Float32s(), got[k], "%s: %s", name, p.Params()[k].Name())
		}
		if name == "gpt" {
			assert.Greater(t, 3*early, all)
		}
		p.WatchGradients(nil)
		require.NoError(t, p.Run(feed))
	}
}
