package examples_test

import (
	"context"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/models/examples"
	"euryale/models/modeltest"
	"euryale/training"
)

// Each passes all checks of a model.
func TestExamples(t *testing.T) {
	sizes := models.Sizes{Vocab: 11, Context: 13}
	modeltest.All(t, &examples.Mixture{Sizes: sizes, Layers: 1, Heads: 2, Dim: 6, Experts: 3, Chosen: 2, Balance: 0.1})
	modeltest.All(t, &examples.GatedLinear{Sizes: sizes, Layers: 2, Dim: 5})
	modeltest.All(t, &examples.Differential{Sizes: sizes, Layers: 1, Heads: 2, Dim: 6})
}

// Those of blocks have the same gradients where the values inside these are computed again.
func TestExamplesRecompute(t *testing.T) {
	sizes := models.Sizes{Vocab: 11, Context: 8}
	feed := graph.Feed{Tokens: []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}, Targets: []int{2, 3, 4, 5, 6, -1, 8, 9, 1, 2, 3, 4}}
	for name, m := range map[string]models.Model{
		"gated linear": &examples.GatedLinear{Sizes: sizes, Layers: 2, Dim: 5},
		"differential": &examples.Differential{Sizes: sizes, Layers: 2, Heads: 2, Dim: 6},
	} {
		w := graph.NewWeights(1)
		var programs [2]*models.Program
		for i, again := range []bool{false, true} {
			p, err := models.Train(m, w, graph.Frame{B: 2, T: 6, Recompute: again}, models.Options{})
			require.NoError(t, err)
			require.NoError(t, p.Run(feed))
			programs[i] = p
		}
		assert.Equal(t, programs[0].Objective(), programs[1].Objective(), name)
		for i, g := range programs[0].Gradients() {
			assert.Equal(t, g.Float32s(), programs[1].Gradients()[i].Float32s(), "%s: %s", name, programs[0].Params()[i].Name())
		}
	}
}

// Each learns in twenty steps, and reports the losses that its layers add.
func TestExamplesTrain(t *testing.T) {
	text := book.Excerpt(t, 20000)
	for _, name := range []string{"mixture", "gated_linear", "differential"} {
		t.Run(name, func(t *testing.T) {
			c, err := training.Parse("", []string{"model.name=" + name, "data.name=" + text, "training.steps=20", "training.sample=0", "training.eval_tokens=512", "schedule.warmup=2"})
			require.NoError(t, err)
			run, err := training.New(c, "", nil)
			require.NoError(t, err)
			var first, last training.Step
			run.Watch.Step = func(s training.Step) {
				if last = s; s.N == 1 {
					first = s
				}
			}
			require.NoError(t, run.Train(context.Background()))
			assert.Less(t, last.Loss, first.Loss-0.3)
			if name == "mixture" {
				require.Len(t, last.Added, 2)
				assert.Equal(t, "h0/moe/balance", last.Added[0].Name)
				assert.InDelta(t, 0.5, last.Added[0].Value, 0.2, "Σ load·p over two experts, a half where both are even")
			}
			for _, p := range run.Weights.All() {
				assert.Equal(t, len(p.Shape) > 1 && !strings.HasSuffix(p.Path, "/lambda"), p.Decay, p.Path)
				assert.False(t, math.IsNaN(float64(p.Float32()[0])))
			}
			require.NoError(t, run.Close())
		})
	}
}

// Each is at most 45 lines of code, without an op or a type of Gorgonia's.
func TestExamplesAreShort(t *testing.T) {
	for _, name := range []string{"mixture.go", "gatedlinear.go", "differential.go"} {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		lines := 0
		for line := range strings.Lines(string(raw)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
				lines++
				assert.NotContains(t, line, "G.", name)
			}
		}
		assert.LessOrEqual(t, lines, 45, name)
	}
}
