package layers_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

func TestRecurrentErrors(t *testing.T) {
	c := layers.RecurrentConfig{Hidden: 3}
	for want, declare := range map[string]func(s *layers.Scope, x *G.Node){
		"rnn: only a source can be read in reverse": func(s *layers.Scope, x *G.Node) {
			layers.LSTM(s.Sub("rnn"), x, layers.RecurrentConfig{Hidden: 3, Reverse: true})
		},
		"rnn: hidden is 0, want at least 1":               func(s *layers.Scope, x *G.Node) { layers.GRU(s.Sub("rnn"), x, layers.RecurrentConfig{}) },
		`rnn: no cell is called "lstn": rnn, lstm or gru`: func(s *layers.Scope, x *G.Node) { layers.NewCell(s.Sub("rnn"), "lstn", 8, c) },
		`a recurrent layer's activation is tanh or relu, not "gelu"`: func(s *layers.Scope, x *G.Node) {
			layers.RNN(s.Sub("rnn"), x, layers.RecurrentConfig{Hidden: 3, Act: "gelu"})
		},
		"rnn: state: the initial state is (2, 3), want (2, 6)": func(s *layers.Scope, x *G.Node) {
			_, last := layers.GRU(s.Sub("gru"), x, c)
			layers.LSTM(s.Sub("rnn"), x, layers.RecurrentConfig{Hidden: 3, Start: last})
		},
		"own: the cell returned (2, 8), want (2, 3)": func(s *layers.Scope, x *G.Node) {
			layers.Recur(s.Sub("own"), x, 3, func(x, prev *G.Node) *G.Node { return x })
		},
		"enc: hidden is 3, want an even number": func(s *layers.Scope, x *G.Node) {
			enc := s.Sub("enc").Source()
			layers.Bidirectional(enc, layers.EmbeddingOf(enc, enc.Tokens(), "tok/W"), "gru", c)
		},
		"att: the score dot needs states of equal width, but the decoder's have 5 columns and the source's 8": func(s *layers.Scope, x *G.Node) {
			layers.NewSourceAttention(s.Sub("att"), layers.EmbeddingOf(s, s.Source().Tokens(), "tok/W"), 5, layers.Dot)
		},
		`att: no score is called "cosine"`: func(s *layers.Scope, x *G.Node) {
			layers.NewSourceAttention(s.Sub("att"), layers.EmbeddingOf(s, s.Source().Tokens(), "tok/W"), 8, "cosine")
		},
	} {
		w := graph.NewWeights(1)
		_, err := graph.Build(w, graph.Frame{B: 2, T: 3, S: 4}, func(s *layers.Scope) { declare(s, layers.Embedding(s.Sub("tok"), s.Tokens(), 7, 8)) })
		require.ErrorContains(t, err, want)
		assert.Empty(t, w.All(), "a failed build leaves no parameters")
	}
}

// ForgetBias is the initial value of the forget gate's bias only.
func TestForgetBias(t *testing.T) {
	first := func(bias float64) []float32 {
		w := graph.NewWeights(1)
		_, err := graph.Build(w, graph.Frame{B: 1, T: 1}, func(s *layers.Scope) {
			layers.LSTM(s.Sub("lstm"), layers.Embedding(s.Sub("tok"), s.Tokens(), 7, 8), layers.RecurrentConfig{Hidden: 3, ForgetBias: bias})
		})
		require.NoError(t, err)
		return w.Get("lstm/x/b").Float32()
	}
	for i, v := range first(0) {
		want := v
		if i >= 3 && i < 6 {
			want++
		}
		assert.InDelta(t, want, first(1)[i], 1e-6)
	}
}
