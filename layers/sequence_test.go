package layers_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
)

// sequenceLayers are the layers that carry a state, by name.
var sequenceLayers = map[string]func(s *layers.Scope, x *G.Node) *G.Node{
	"recurrence": func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.LinearRecurrence(s, layers.Sigmoid(s, layers.Linear(s.Sub("gate"), x, 12)), x)
	},
	"cumsum":     layers.CumSum,
	"shift":      layers.Shift,
	"conv":       func(s *layers.Scope, x *G.Node) *G.Node { return layers.CausalConv(s, x, 4) },
	"short conv": func(s *layers.Scope, x *G.Node) *G.Node { return layers.CausalConv(s.WithBias(false), x, 2) },
	"one after another": func(s *layers.Scope, x *G.Node) *G.Node {
		x = layers.CausalConv(s.Sub("conv"), x, 3)
		x = layers.Add(s, x, layers.Shift(s.Sub("shift"), x))
		return layers.LinearRecurrence(s, layers.Sigmoid(s, x), layers.CumSum(s.Sub("sum"), x))
	},
}

// sequenceDecoder checks after every run that each sequence that was read has the logits of
// a forward pass over all of its tokens so far.
type sequenceDecoder struct {
	*testing.T
	m    models.Model
	w    *graph.Weights
	mem  *graph.Memory
	text [][]int
}

func (d *sequenceDecoder) read(what string, steps int, tokens ...int) {
	d.Helper()
	p, err := models.Decode(d.m, d.w, graph.Frame{B: len(d.text), T: steps, Memory: d.mem})
	require.NoError(d, err)
	require.NoError(d, p.Run(graph.Feed{Tokens: tokens}))
	for i, id := range tokens {
		if id >= 0 {
			d.text[i/steps] = append(d.text[i/steps], id)
		}
	}
	for b, text := range d.text {
		if tokens[b*steps] >= 0 {
			require.InDeltaSlice(d, d.whole(text), p.Float64s("logits")[b*7:(b+1)*7], 1e-12, "%s: sequence %d", what, b)
		}
	}
}

func (d *sequenceDecoder) whole(text []int) []float64 {
	p, err := models.Score(d.m, d.w, graph.Frame{B: 1, T: len(text)}, "logits")
	require.NoError(d, err)
	require.NoError(d, p.Run(graph.Feed{Tokens: text}))
	l := p.Float64s("logits")
	return l[len(l)-7:]
}

// Decoding token by token, in pieces, with padding, and after a sequence's memory was
// copied or reset gives the logits of a forward pass over the whole sequence.
func TestSequenceLayersDecode(t *testing.T) {
	for name, layer := range sequenceLayers {
		t.Run(name, func(t *testing.T) {
			d := &sequenceDecoder{T: t, m: newAttentionModel(layer), w: graph.NewWeights64(3), text: make([][]int, 3)}
			var err error
			d.mem, err = models.NewMemory(d.m, d.w, 3, 20, 0)
			require.NoError(t, err)
			d.read("first token", 1, 5, 0, -1)
			d.read("second token", 1, 2, -1, 1)
			d.read("piece", 4, 1, 2, 3, 4 /**/, 5, -1, -1, -1 /**/, -1, -1, -1, -1)
			d.read("piece", 4, 6, 6, -1, -1 /**/, 3, 1, 0, 1 /**/, 2, 2, 0, -1)
			d.read("step", 1, 1, 2, 3)
			require.NoError(t, d.mem.Copy(2, d.mem, 0))
			d.text[2] = append([]int(nil), d.text[0]...)
			d.read("after a copy", 1, 4, 5, 6)
			require.NoError(t, d.mem.Reorder([]int{1, 1, 0}))
			d.text = [][]int{append([]int(nil), d.text[1]...), d.text[1], d.text[0]}
			d.read("after a reorder", 2, 4, 3 /**/, 2, -1 /**/, 6, 5)
			d.mem.Reset(1)
			d.text[1] = nil
			d.read("after a reset", 3, 0, 1, -1 /**/, 5, 5, 2 /**/, 1, -1, -1)
		})
	}
}

// In a batch of ragged sequences each has the logits that it has alone, and a token does
// not depend on those after it.
func TestSequenceLayersOfRaggedBatches(t *testing.T) {
	for name, layer := range sequenceLayers {
		t.Run(name, func(t *testing.T) {
			m, w := newAttentionModel(layer), graph.NewWeights64(3)
			p, err := models.Score(m, w, graph.Frame{B: 3, T: 5}, "logits")
			require.NoError(t, err)
			tokens := []int{1, 2, 3, 4, 5 /**/, 6, 0, 1, -1, -1 /**/, 2, -1, -1, -1, -1}
			require.NoError(t, p.Run(graph.Feed{Tokens: tokens}))
			logits := p.Float64s("logits")
			d := &sequenceDecoder{T: t, m: m, w: w}
			for i, id := range tokens {
				if id >= 0 {
					require.InDeltaSlice(t, d.whole(tokens[i/5*5:i+1]), logits[i*7:(i+1)*7], 1e-12, "row %d", i)
				}
			}
		})
	}
}

// The gradients of whole models by central differences, on a ragged batch.
func TestSequenceLayersGradients(t *testing.T) {
	for name, layer := range sequenceLayers {
		t.Run(name, func(t *testing.T) {
			w := graph.NewWeights64(3)
			p, err := models.Train(newAttentionModel(layer), w, graph.Frame{B: 2, T: 5}, models.Options{})
			require.NoError(t, err)
			loss := func() float64 {
				require.NoError(t, p.Run(feed))
				return p.Loss()
			}
			loss()
			var grads [][]float64
			for _, g := range p.Gradients() {
				grads = append(grads, append([]float64(nil), g.Float64s()...))
			}
			for i, grad := range grads {
				v := p.Params()[i].Value().Data().([]float64)
				for j := 0; j < len(v); j += 1 + len(v)/7 {
					old := v[j]
					v[j] = old + 1e-5
					up := loss()
					v[j] = old - 1e-5
					down := loss()
					v[j] = old
					require.InDelta(t, (up-down)/2e-5, grad[j], 2e-8, "%s[%d]", p.Params()[i].Name(), j)
				}
			}
		})
	}
}

// The fused recurrence is the one written step by step, gradients and all.
func TestLinearRecurrenceEqualsRecur(t *testing.T) {
	run := func(recur func(s *layers.Scope, a, b *G.Node) *G.Node) *models.Program {
		m := newAttentionModel(func(s *layers.Scope, x *G.Node) *G.Node {
			return recur(s, layers.Sigmoid(s, layers.Linear(s.Sub("a"), x, 12)), layers.Linear(s.Sub("b"), x, 12))
		})
		p, err := models.Train(m, graph.NewWeights64(3), graph.Frame{B: 2, T: 5}, models.Options{})
		require.NoError(t, err)
		require.NoError(t, p.Run(feed))
		return p
	}
	fused := run(layers.LinearRecurrence)
	steps := run(func(s *layers.Scope, a, b *G.Node) *G.Node {
		return layers.Recur(s, layers.Concat(s, a, b), 12, func(x, prev *G.Node) *G.Node {
			return layers.Add(s, layers.Mul(s, layers.Columns(s, x, 0, 12), prev), layers.Columns(s, x, 12, 24))
		})
	})
	require.InDelta(t, steps.Loss(), fused.Loss(), 1e-12)
	for i, g := range fused.Gradients() {
		require.InDeltaSlice(t, steps.Gradients()[i].Float64s(), g.Float64s(), 1e-12, fused.Params()[i].Name())
	}
}

// A parameter that only StopGradient leads to has a gradient of zero; one that the loss has
// another path to keeps that path's.
func TestStopGradientInAModel(t *testing.T) {
	gradients := func(stop func(s *layers.Scope, x *G.Node) *G.Node) map[string][]float64 {
		m := newAttentionModel(func(s *layers.Scope, x *G.Node) *G.Node {
			return layers.Add(s, x, stop(s, layers.Linear(s.Sub("only"), x, 12)))
		})
		p, err := models.Train(m, graph.NewWeights64(3), graph.Frame{B: 2, T: 5}, models.Options{})
		require.NoError(t, err)
		require.NoError(t, p.Run(feed))
		byName := map[string][]float64{}
		for i, g := range p.Gradients() {
			byName[p.Params()[i].Name()] = append([]float64(nil), g.Float64s()...)
		}
		return byName
	}
	stopped, free := gradients(layers.StopGradient), gradients(func(_ *layers.Scope, x *G.Node) *G.Node { return x })
	assert.InDeltaSlice(t, free["head/W"], stopped["head/W"], 1e-15)
	assert.Equal(t, make([]float64, 144), stopped["att/only/W"])
	assert.Equal(t, make([]float64, 12), stopped["att/only/b"])
	size := func(v []float64) (sum float64) {
		for _, x := range v {
			sum += math.Abs(x)
		}
		return sum
	}
	assert.Positive(t, size(free["att/only/W"]))
	assert.Positive(t, size(stopped["tok/W"]))
	assert.Greater(t, math.Abs(size(free["tok/W"])-size(stopped["tok/W"])), 1e-3)
}

// What does not fit stops the build, and says where and what it was given.
func TestVocabularyRefuses(t *testing.T) {
	for want, f := range map[string]func(s *layers.Scope, x *G.Node) *G.Node{
		"att: the terms are (10, 12) and (10, 3), want equal shapes, or (N, D) and a row": func(s *layers.Scope, x *G.Node) *G.Node { return layers.Sub(s, x, layers.Columns(s, x, 0, 3)) },
		"att: the terms are (1, 12) and (10, 1), a row and a column": func(s *layers.Scope, x *G.Node) *G.Node {
			return layers.Add(s, layers.SumRows(s, x), layers.SumColumns(s, x))
		},
		"att: a is (10, 12) and b (10, 12), want (N, K) and (K, M) for a·b": func(s *layers.Scope, x *G.Node) *G.Node { return layers.MatMul(s, x, x) },
		"att: the limits are 1 and -1":                                      func(s *layers.Scope, x *G.Node) *G.Node { return layers.Clip(s, x, 1, -1) },
		"att: x is (10, 12) and k 13, want (N, E) and k from 1 to E":        func(s *layers.Scope, x *G.Node) *G.Node { return layers.TopKGate(s, x, 13) },
		"att: x is (10, 12), want a matrix with rows 9 to 11":               func(s *layers.Scope, x *G.Node) *G.Node { return layers.Rows(s, x, 9, 11) },
		"att: a is (10, 3) and b (10, 12), want one shape": func(s *layers.Scope, x *G.Node) *G.Node {
			return layers.LinearRecurrence(s, layers.Columns(s, x, 0, 3), x)
		},
		"att: x is (3, 12), want (B·T, D) with B=2 and T=5": func(s *layers.Scope, x *G.Node) *G.Node { return layers.Shift(s, layers.Rows(s, x, 0, 3)) },
		"att: the width is 1, want at least 2 tokens":       func(s *layers.Scope, x *G.Node) *G.Node { return layers.CausalConv(s, x, 1) },
		`att: "att/sum" is declared twice`:                  func(s *layers.Scope, x *G.Node) *G.Node { return layers.CumSum(s, layers.CumSum(s, x)) },
	} {
		_, err := models.Train(newAttentionModel(f), graph.NewWeights(1), graph.Frame{B: 2, T: 5}, models.Options{})
		assert.ErrorContains(t, err, want)
	}
}

// Training on pieces of sequences, with what they carry, has the loss of training on the
// whole.
func TestSequenceLayersTrainOnPieces(t *testing.T) {
	for name, layer := range sequenceLayers {
		t.Run(name, func(t *testing.T) {
			m, w := newAttentionModel(layer), graph.NewWeights64(3)
			mem, err := models.NewMemory(m, w, 2, 20, 0)
			require.NoError(t, err)
			loss := func(f graph.Frame, tokens, targets []int) float64 {
				p, err := models.Train(m, w, f, models.Options{})
				require.NoError(t, err)
				require.NoError(t, p.Run(graph.Feed{Tokens: tokens, Targets: targets}))
				return p.Loss() * float64(len(tokens))
			}
			whole := loss(graph.Frame{B: 2, T: 5}, []int{1, 2, 3, 4, 5 /**/, 6, 0, 1, 2, 3}, []int{2, 3, 4, 5, 6 /**/, 0, 1, 2, 3, 4})
			pieces := loss(graph.Frame{B: 2, T: 3, Memory: mem}, []int{1, 2, 3 /**/, 6, 0, 1}, []int{2, 3, 4 /**/, 0, 1, 2})
			pieces += loss(graph.Frame{B: 2, T: 2, Memory: mem}, []int{4, 5 /**/, 2, 3}, []int{5, 6 /**/, 3, 4})
			require.InDelta(t, whole, pieces, 1e-12*whole)
		})
	}
}
