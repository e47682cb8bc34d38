package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
	"euryale/models"
)

// Every model learns two sequences by heart, and a decoding program built before writes
// one of them.
func TestModelsLearn(t *testing.T) {
	for _, c := range testCases {
		t.Run(c.name, func(t *testing.T) {
			w, s := graph.NewWeights(1), models.SourceOf(c.model)
			mem, err := models.NewMemory(c.model, w, 1, testRoom, s)
			require.NoError(t, err)
			step, err := models.Decode(c.model, w, graph.Frame{B: 1, T: 1, S: s, Memory: mem})
			require.NoError(t, err)
			train, err := models.Train(c.model, w, graph.Frame{B: 2, T: 5, S: s}, models.Options{})
			require.NoError(t, err)
			f := graph.Feed{Tokens: []int{1, 2, 3, 4, 5 /**/, 6, 7, 8, 9, 10}, Targets: []int{2, 3, 4, 5, 1 /**/, 7, 8, 9, 10, 6}}
			if s > 0 {
				f.Source = []int{1, 2, 3, -1, -1 /**/, 4, 5, 6, 0, 1}
			}
			for range 600 {
				require.NoError(t, train.Run(f))
				descend(train, w, 0.5)
			}
			require.Less(t, train.Loss(), 0.15)
			if s > 0 {
				enc, err := models.Encode(c.model, w, graph.Frame{B: 1, S: s, Memory: mem})
				require.NoError(t, err)
				require.NoError(t, enc.Run(graph.Feed{Source: f.Source[:s]}))
			}
			id, got := 1, []int{}
			for range 5 {
				require.NoError(t, step.Run(graph.Feed{Tokens: []int{id}}))
				id = argmax(step.Value("logits"))
				got = append(got, id)
			}
			assert.Equal(t, []int{2, 3, 4, 5, 1}, got)
		})
	}
}

// descend is a step of gradient descent.
func descend(p *models.Program, w *graph.Weights, rate float32) {
	for i, g := range p.Gradients() {
		v := w.Get(p.Params()[i].Name()).Float32()
		for j, d := range g.Float32s() {
			v[j] -= rate * d
		}
	}
}

func argmax(x []float32) (best int) {
	for i := range x {
		if x[i] > x[best] {
			best = i
		}
	}
	return best
}
