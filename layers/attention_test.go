package layers_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
)

// attentionModel is an attention between an embedding and a head.
type attentionModel struct {
	models.Sizes
	attend func(s *layers.Scope, x *G.Node) *G.Node
}

func (m *attentionModel) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	x := layers.Embedding(s.Sub("tok").WithInit(layers.Normal(1), nil), tokens, m.Vocab, 12)
	return layers.Head(s.Sub("head"), m.attend(s.Sub("att"), x), m.Vocab)
}

func newAttentionModel(attend func(s *layers.Scope, x *G.Node) *G.Node) *attentionModel {
	return &attentionModel{models.Sizes{Vocab: 7, Context: 11}, attend}
}

// composed is Attention out of its parts.
func composed(c layers.AttentionConfig) func(s *layers.Scope, x *G.Node) *G.Node {
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	return func(s *layers.Scope, x *G.Node) *G.Node {
		d := 12 / c.Heads
		qkv := layers.Linear(s.Sub("qkv"), x, (c.Heads+2*c.KVHeads)*d)
		heads := func(from, n int) *G.Node { return layers.Columns(s, qkv, from*d, (from+n)*d) }
		q, k, v := heads(0, c.Heads), heads(c.Heads, c.KVHeads), heads(c.Heads+c.KVHeads, c.KVHeads)
		if c.Rotary != 0 {
			q, k = layers.Rotary(s, q, c.Heads, c.Rotary), layers.Rotary(s, k, c.KVHeads, c.Rotary)
		}
		lengths := s.CausalLengths
		if c.Causal {
			k, v = s.History("keys", k), s.History("values", v)
		} else {
			lengths = s.SequenceLengths
		}
		scores := layers.GroupedScores(s, q, k, c.Heads, c.KVHeads)
		if c.ALiBi {
			scores = layers.ALiBi(s, scores, lengths(), c.Heads)
		}
		weights := layers.Softmax(s, layers.Mask(s, scores, lengths(), c.Heads), c.Heads)
		weights = layers.Dropout(s.Sub("weights"), weights, c.Dropout)
		return layers.Project(s.Sub("proj"), layers.GroupedMix(s, weights, v, c.Heads, c.KVHeads), 12)
	}
}

// feed is two sequences of five tokens, one of them ragged.
var feed = graph.Feed{Tokens: []int{1, 2, 3, 4, 5 /**/, 6, 0, 1, -1, -1}, Targets: []int{2, 3, 4, 5, 6 /**/, 0, 1, 2, -1, -1}}

// The separate steps have the loss and the gradients of the fused layer, whatever its
// options, with the same weights dropped, on a ragged sequence too.
func TestComposedEqualsFusedInAModel(t *testing.T) {
	for name, c := range map[string]layers.AttentionConfig{
		"causal":       {Heads: 3, Causal: true},
		"both ways":    {Heads: 3},
		"grouped":      {Heads: 6, KVHeads: 2, Causal: true},
		"one key head": {Heads: 4, KVHeads: 1, Causal: true},
		"rotary":       {Heads: 3, Rotary: 50, Causal: true},
		"ALiBi":        {Heads: 3, ALiBi: true, Causal: true},
		"dropout":      {Heads: 3, Dropout: 0.4, Causal: true},
		"all at once":  {Heads: 6, KVHeads: 3, Rotary: 50, ALiBi: true, Dropout: 0.4, Causal: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := graph.NewWeights64(3)
			run := func(m models.Model) *models.Program {
				p, err := models.Train(m, w, graph.Frame{B: 2, T: 5, First: 3, Noise: &graph.Noise{Seed: 4, Step: 2}}, models.Options{})
				require.NoError(t, err)
				require.NoError(t, p.Run(feed))
				return p
			}
			fused := run(newAttentionModel(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Attention(s, x, c) }))
			parts := run(newAttentionModel(composed(c)))
			require.InDelta(t, fused.Loss(), parts.Loss(), 1e-12)
			require.Equal(t, len(fused.Params()), len(parts.Params()))
			for i, g := range fused.Gradients() {
				require.Equal(t, fused.Params()[i].Name(), parts.Params()[i].Name())
				require.InDeltaSlice(t, g.Float64s(), parts.Gradients()[i].Float64s(), 1e-12, fused.Params()[i].Name())
			}
		})
	}
}

// Whatever the options, decoding token by token gives the logits of a forward pass over the
// whole sequence.
func TestAttentionOptionsDecode(t *testing.T) {
	for name, attend := range map[string]func(s *layers.Scope, x *G.Node) *G.Node{
		"composed":              composed(layers.AttentionConfig{Heads: 3, Causal: true}),
		"composed with options": composed(layers.AttentionConfig{Heads: 6, KVHeads: 2, Causal: true, Rotary: 50, ALiBi: true}),
		"ALiBi": func(s *layers.Scope, x *G.Node) *G.Node {
			return layers.Attention(s, x, layers.AttentionConfig{Heads: 3, Causal: true, ALiBi: true})
		},
		"rotary, grouped, ALiBi": func(s *layers.Scope, x *G.Node) *G.Node {
			return layers.Attention(s, x, layers.AttentionConfig{Heads: 6, KVHeads: 2, Causal: true, Rotary: 50, ALiBi: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, w := newAttentionModel(attend), graph.NewWeights64(3)
			tokens := []int{1, 2, 3, 4, 5, 6, 0}
			whole, err := models.Score(m, w, graph.Frame{B: 1, T: 7}, "logits")
			require.NoError(t, err)
			require.NoError(t, whole.Run(graph.Feed{Tokens: tokens}))
			want := whole.Float64s("logits")
			mem, err := models.NewMemory(m, w, 1, 11, 0)
			require.NoError(t, err)
			step, err := models.Decode(m, w, graph.Frame{B: 1, T: 1, Memory: mem})
			require.NoError(t, err)
			for i, id := range tokens {
				require.NoError(t, step.Run(graph.Feed{Tokens: []int{id}}))
				require.InDeltaSlice(t, want[i*7:(i+1)*7], step.Float64s("logits"), 1e-12, "token %d", i)
			}
		})
	}
}

// Rotary positions and ALiBi make the order of tokens matter; without them a causal
// attention cannot tell it.
func TestPositionsMatter(t *testing.T) {
	last := func(c layers.AttentionConfig, tokens ...int) []float64 {
		m := newAttentionModel(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Attention(s, x, c) })
		p, err := models.Score(m, graph.NewWeights64(3), graph.Frame{B: 1, T: len(tokens)}, "logits")
		require.NoError(t, err)
		require.NoError(t, p.Run(graph.Feed{Tokens: tokens}))
		return p.Float64s("logits")[(len(tokens)-1)*7:]
	}
	for _, c := range []struct {
		layers.AttentionConfig
		matters bool
	}{
		{layers.AttentionConfig{Heads: 3, Causal: true}, false},
		{layers.AttentionConfig{Heads: 3, Causal: true, Rotary: 10000}, true},
		{layers.AttentionConfig{Heads: 3, Causal: true, ALiBi: true}, true},
	} {
		a, b := last(c.AttentionConfig, 1, 2, 3, 4), last(c.AttentionConfig, 2, 1, 3, 4)
		for i := range a {
			if c.matters {
				assert.NotEqual(t, a[i], b[i], "%+v", c.AttentionConfig)
			} else {
				assert.InDelta(t, a[i], b[i], 1e-12, "%+v", c.AttentionConfig)
			}
		}
	}
}

func TestAttentionRefuses(t *testing.T) {
	for want, c := range map[string]layers.AttentionConfig{
		"att: x is (10, 12), and D=12 is not a multiple of heads=5":        {Heads: 5, Causal: true},
		"att: 6 heads cannot share 4 key-value heads: want a divisor":      {Heads: 6, KVHeads: 4, Causal: true},
		"att: a head has 3 columns: rotary positions rotate them in pairs": {Heads: 4, Rotary: 10000, Causal: true},
		"att: the base of rotary positions is -1, want more than 1":        {Heads: 3, Rotary: -1, Causal: true},
		"att: dropout is 1.5, want at least 0 and less than 1":             {Heads: 3, Dropout: 1.5, Causal: true},
		"att: ALiBi and Window require causal attention: set Causal":       {Heads: 3, ALiBi: true},
		"att: x is (10, 12), and D=12 is not a multiple of heads=0":        {},
		"att: 3 heads cannot share -1 key-value heads: want a divisor":     {Heads: 3, KVHeads: -1},
	} {
		m := newAttentionModel(func(s *layers.Scope, x *G.Node) *G.Node { return layers.Attention(s, x, c) })
		_, err := models.Train(m, graph.NewWeights(1), graph.Frame{B: 2, T: 5}, models.Options{})
		assert.ErrorContains(t, err, want)
	}
}

// A part that does not fit what it is given stops the build, and says where.
func TestComposedRefuses(t *testing.T) {
	for want, f := range map[string]func(s *layers.Scope, x *G.Node) *G.Node{
		"att: a head has 3 columns: rotary positions rotate them in pairs": func(s *layers.Scope, x *G.Node) *G.Node { return layers.Rotary(s, x, 4, 10000) },
		"att: x is (10, 12), and D=12 is not a multiple of heads=5":        func(s *layers.Scope, x *G.Node) *G.Node { return layers.Rotary(s, x, 5, 10000) },
		"att: 3 heads cannot share 2 key-value heads: want a multiple": func(s *layers.Scope, x *G.Node) *G.Node {
			return layers.GroupedScores(s, x, layers.Columns(s, x, 0, 8), 3, 2)
		},
		"att: q is (10, 12), k (10, 12), v (10, 12), want":             func(s *layers.Scope, x *G.Node) *G.Node { return layers.GroupedScores(s, x, x, 6, 2) },
		"att: the weights are (10, 12) and v (10, 12), want":           func(s *layers.Scope, x *G.Node) *G.Node { return layers.GroupedMix(s, x, x, 4, 2) },
		"att: the scores are (10, 12), want (B·T, H·C) with H=5 heads": func(s *layers.Scope, x *G.Node) *G.Node { return layers.ALiBi(s, x, s.CausalLengths(), 5) },
	} {
		_, err := models.Train(newAttentionModel(f), graph.NewWeights(1), graph.Frame{B: 2, T: 5}, models.Options{})
		assert.ErrorContains(t, err, want)
	}
}

// Sinusoids are those of the paper's formula: sin and cos of at/10000^(2i/D).
func TestSinusoids(t *testing.T) {
	g, err := graph.Build(graph.NewWeights64(1), graph.Frame{B: 1, T: 3}, func(s *layers.Scope) {
		s.Tap("y", layers.Sinusoids(s.Sub("pos"), 5, 4))
	})
	require.NoError(t, err)
	y, err := g.Tap("y")
	require.NoError(t, err)
	var v G.Value
	G.Read(y, &v)
	require.NoError(t, g.Feed(graph.Feed{Tokens: []int{4, 4, 4}}))
	require.NoError(t, G.NewTapeMachine(g.Expr(), G.WithEngine(g.Tape())).RunAll())
	// Python: [f(p / 10000 ** (2 * i / 4)) for p in range(3) for i in range(2) for f in (sin, cos)]
	assert.InDeltaSlice(t, []float64{0, 1, 0, 1,
		0.8414709848078965, 0.5403023058681398, 0.009999833334166664, 0.9999500004166653,
		0.9092974268256817, -0.4161468365471424, 0.01999866669333308, 0.9998000066665778}, v.Data().([]float64), 1e-15)
	_, err = graph.Build(graph.NewWeights(1), graph.Frame{B: 1, T: 6}, func(s *layers.Scope) { layers.Sinusoids(s.Sub("pos"), 5, 4) })
	assert.ErrorContains(t, err, "pos: T=6 tokens exceed the context length of 5")
}

// A scaled, rotated and grouped attention in one call.
func ExampleAttention() {
	g, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 2, T: 5}, func(s *layers.Scope) {
		x := layers.Embedding(s.Sub("tok"), s.Tokens(), 100, 32)
		x = layers.Attention(s.Sub("att"), x, layers.AttentionConfig{Heads: 4, KVHeads: 2, Causal: true, Rotary: 10000})
		fmt.Println(x.Shape())
	})
	fmt.Println(g.Params(), err)
	// Output:
	// (10, 32)
	// [tok/W, att/qkv/W, att/qkv/b, att/proj/W, att/proj/b] <nil>
}
