package bench

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
)

// cells are recurrences written by hand beside the fused GRU: one layer each, from
// x (B·T, D) to h (B·T, D).
var cells = []struct {
	name  string
	layer func(s *layers.Scope, x *G.Node) *G.Node
}{
	{"gru", func(s *layers.Scope, x *G.Node) *G.Node {
		h, _ := layers.GRU(s, x, layers.RecurrentConfig{Hidden: dim})
		return h
	}},
	{"recur-gated-linear", func(s *layers.Scope, x *G.Node) *G.Node { // gates of the token alone
		return layers.Recur(s, x, dim, func(x, h *G.Node) *G.Node {
			f := layers.LinearAct(s.Sub("f"), x, dim, "sigmoid", false)
			c := layers.Linear(s.Sub("c"), x, dim)
			return layers.Add(s, c, layers.Mul(s, f, layers.Add(s, h, layers.Scale(s, c, -1))))
		})
	}},
	{"recur-gated", func(s *layers.Scope, x *G.Node) *G.Node { // gates of token and state (Zhou et al. 2016, simplified)
		return layers.Recur(s, x, dim, func(x, h *G.Node) *G.Node {
			f := layers.Sigmoid(s.Sub("f"), layers.Add(s.Sub("f"), layers.Linear(s.Sub("fx"), x, dim), layers.Linear(s.Sub("fh"), h, dim)))
			c := layers.Tanh(s.Sub("c"), layers.Add(s.Sub("c"), layers.Linear(s.Sub("cx"), x, dim), layers.Linear(s.Sub("ch"), layers.Mul(s, f, h), dim)))
			return layers.Add(s, h, layers.Mul(s.Sub("m"), f, layers.Add(s.Sub("d"), c, layers.Scale(s, h, -1))))
		})
	}},
}

func recurrentModel(layer func(s *layers.Scope, x *G.Node) *G.Node) models.Model {
	m := models.Define(1024, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, dim)
		for i := range 2 {
			x = layer(s.Sub("rnn%d", i), x)
		}
		return layers.Head(s.Sub("head"), x, vocab)
	})
	m.Vocab = vocab
	return m
}

// BenchmarkRecur is a training step of two layers, 8 sequences of T tokens.
func BenchmarkRecur(b *testing.B) {
	for _, t := range []int{64, 256} {
		batch := newNoise(8, t, vocab).batch
		for _, c := range cells {
			b.Run(fmt.Sprintf("%s/T%d", c.name, t), func(b *testing.B) {
				w := graph.NewWeights(1)
				p, err := models.Train(recurrentModel(c.layer), w, graph.Frame{B: 8, T: t}, models.Options{})
				require.NoError(b, err)
				f := graph.Feed{Tokens: batch.Tokens, Targets: batch.Targets}
				require.NoError(b, p.Run(f))
				b.ReportAllocs()
				b.ResetTimer()
				for range b.N {
					w.Hold()
					require.NoError(b, p.Run(f))
					w.Release()
				}
			})
		}
	}
}

// BenchmarkBuildRecur builds and compiles the training program for 1,024 tokens.
func BenchmarkBuildRecur(b *testing.B) {
	for _, c := range cells {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				_, err := models.Train(recurrentModel(c.layer), graph.NewWeights(1), graph.Frame{B: 8, T: 1024}, models.Options{})
				require.NoError(b, err)
			}
		})
	}
}
