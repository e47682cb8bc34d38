package models

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

// withBlocks returns small models of every kind that declares blocks.
func withBlocks(t *testing.T) map[string]Model {
	found := map[string]Model{}
	for _, name := range Names() {
		m, err := New(name)
		require.NoError(t, err)
		if _, counts := m.(Predictor); !counts && name != "seq2seq" {
			m.Common().Vocab, m.Common().Context = 23, 16
			found[name] = m
		}
	}
	return found
}

// Values computed again give the same loss and the same gradients to the bit.
func TestRecomputeIsTheSame(t *testing.T) {
	for name, m := range withBlocks(t) {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			draw := func(n int) []int {
				ids := make([]int, n)
				for i := range ids {
					ids[i] = rng.IntN(23)
				}
				return ids
			}
			f := graph.Frame{B: 3, T: 11, S: min(7, SourceOf(m)), Noise: &graph.Noise{Seed: 5}}
			feed := graph.Feed{Tokens: draw(f.B * f.T), Targets: draw(f.B * f.T), Source: draw(f.B * f.S)}
			feed.Targets[4] = -1
			w := graph.NewWeights(1)
			kept, err := Train(m, w, f, Options{})
			require.NoError(t, err)
			f.Recompute = true
			again, err := Train(m, w, f, Options{})
			require.NoError(t, err)
			require.Positive(t, again.Blocks())
			for step := range 2 {
				f.Noise.Step = uint64(step)
				require.NoError(t, kept.Run(feed))
				require.NoError(t, again.Run(feed))
				assert.Equal(t, kept.Loss(), again.Loss())
				for i, g := range kept.Gradients() {
					assert.Equal(t, g.Float32s(), again.Gradients()[i].Float32s(), kept.Params()[i].Name())
				}
			}
		})
	}
}

// penalised is a model with a loss added inside its blocks.
type penalised struct{ *GPT }

func (m penalised) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	x := layers.Embedding(s.Sub("tok"), tokens, m.Vocab, m.Dim)
	for i := range m.Layers {
		x = s.Sub("h%d", i).Block(x, func(s *layers.Scope, x *G.Node) *G.Node {
			x = layers.PreNorm(s, x, 0, func(s *layers.Scope, x *G.Node) *G.Node {
				return layers.MLP(s, x, 2*m.Dim, m.Activation)
			})
			s.AddLoss("size", layers.MeanColumns(s, layers.Square(s, x)), 0.1)
			return x
		})
	}
	return layers.Head(s.Sub("head"), x, m.Vocab)
}

// What is computed outside a block from values inside has its gradients too: they are sums of the same
// terms, in another order.
func TestRecomputeOfValuesReadOutside(t *testing.T) {
	gpt := func() *GPT {
		return &GPT{Sizes: Sizes{Vocab: 11, Context: 8}, Layers: 3, Heads: 2, Dim: 8, Activation: "gelu", Bias: true}
	}
	copies := gpt()
	copies.Pointer = true
	for name, m := range map[string]Model{"pointer": copies, "added loss": penalised{gpt()}} {
		w, f := graph.NewWeights64(1), graph.Frame{B: 2, T: 4}
		feed := graph.Feed{Tokens: []int{1, 2, 3, 4, 5, 6, 7, 8}, Targets: []int{2, 3, 4, 5, 6, 7, 8, -1}}
		kept, err := Train(m, w, f, Options{})
		require.NoError(t, err)
		f.Recompute = true
		again, err := Train(m, w, f, Options{})
		require.NoError(t, err)
		require.NoError(t, kept.Run(feed))
		require.NoError(t, again.Run(feed))
		assert.InEpsilon(t, kept.Objective(), again.Objective(), 1e-12, name)
		for i, g := range kept.Gradients() {
			assert.InDeltaSlice(t, g.Float64s(), again.Gradients()[i].Float64s(), 1e-12, "%s: %s", name, kept.Params()[i].Name())
		}
	}
}

// With blocks that are computed again, another layer takes the memory of its result at most, not of all its values.
func TestRecomputeTakesLessMemory(t *testing.T) {
	for name, m := range withBlocks(t) {
		planned := func(layers int, again bool) int {
			switch m := m.(type) {
			case *GPT:
				m.Layers = layers
			case *Llama:
				m.Layers = layers
			case *Modern:
				m.Layers, m.Values = layers, false
			case *LSTM:
				m.Layers = layers
			default:
				return 0
			}
			p, err := Train(m, graph.NewWeights(1), graph.Frame{B: 32, T: 16, Recompute: again}, Options{})
			require.NoError(t, err)
			values := p.Tape().PlannedBytes()
			for _, g := range p.Params() {
				values -= 4 * g.Shape().TotalSize() // of its gradient
			}
			return values
		}
		kept, again := planned(12, false)-planned(4, false), planned(12, true)-planned(4, true)
		if kept > 0 {
			assert.Less(t, 4*again, kept, name)
		}
	}
}
