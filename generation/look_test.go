package generation

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/layers/draw"
	"euryale/layers/graph"
	"euryale/models"
)

// fresh is a generator of a model with its first weights.
func fresh(t testing.TB, m models.Model) *Generator {
	t.Helper()
	tk := tokenizer.NewChar(alphabet)
	m.Common().Vocab = tk.Vocab()
	w := graph.NewWeights(1)
	_, err := models.NewMemory(m, w, 1, m.Common().Context, models.SourceOf(m))
	require.NoError(t, err)
	return &Generator{Model: m, Weights: w, Tokenizer: tk}
}

// sums checks that every row of a map adds up to 1.
func sums(t *testing.T, m draw.Map) {
	require.Len(t, m.Values, len(m.Rows)*len(m.Cols))
	for i := range m.Rows {
		sum := 0.0
		for _, v := range m.Values[i*len(m.Cols) : (i+1)*len(m.Cols)] {
			sum += v
		}
		assert.InDelta(t, 1, sum, 1e-5, "%s, row %d", m.Title, i)
	}
}

func TestAttentionOfEveryHead(t *testing.T) {
	g := newGenerator(t, 8)
	maps, err := g.Attention(g.prompt(t, "ab春"), []int{3, 4})
	require.NoError(t, err)
	require.Len(t, maps.Each, 4, "two layers of two heads")
	assert.Equal(t, "h1/att head 2", maps.Each[3].Title)
	assert.Equal(t, []string{"a", "b", "春"}, maps.Each[0].Rows[:3])
	for _, m := range maps.Each {
		sums(t, m)
		for i := range 5 {
			for j := i + 1; j < 5; j++ {
				assert.Zero(t, m.Values[i*5+j], "no token attends to later ones")
			}
		}
	}
	one, err := g.Attention(g.prompt(t, "ab"), nil, "h1/att")
	require.NoError(t, err)
	assert.Len(t, one.Each, 2)
	long, err := g.Attention(g.prompt(t, "abcdefghabc"), nil, "h0/att")
	require.NoError(t, err)
	assert.Equal(t, []string{"d", "e", "f", "g", "h", "a", "b", "c"}, long.Each[0].Cols, "the end of a long text")
}

func TestAttentionNamesNearLayers(t *testing.T) {
	g := newGenerator(t, 8)
	_, err := g.Attention(g.prompt(t, "ab"), nil, "h2/atts")
	assert.ErrorContains(t, err, `no attention layer is called "h2/atts"; near it: ["h0/att" "h1/att"]`)
	_, err = g.Gates(g.prompt(t, "ab"), 1)
	assert.ErrorContains(t, err, "the model has no LSTM layers")
	_, err = g.Attention(Prompt{}, nil)
	assert.ErrorContains(t, err, "no text to read")
}

// In a model that reads a source, source attends to source, text to text, and text to
// source.
func TestAlignment(t *testing.T) {
	g := fresh(t, &models.Transformer{Sizes: models.Sizes{Context: 9}, Source: 9, Layers: 1, Heads: 2, Dim: 8, Activation: "relu"})
	source := g.prompt(t, "春夏秋").Tokens
	maps, err := g.Attention(Prompt{Tokens: []int{0}, Source: source}, g.prompt(t, "abc").Tokens)
	require.NoError(t, err)
	want := map[string][2]int{"enc/h0/att head 1": {3, 3}, "dec/h0/att head 1": {4, 4}, "dec/h0/cross head 1": {4, 3}}
	for _, m := range maps.Each {
		sums(t, m)
		if size, ok := want[m.Title]; ok {
			assert.Equal(t, size, [2]int{len(m.Rows), len(m.Cols)}, m.Title)
			delete(want, m.Title)
		}
	}
	assert.Empty(t, want)
}

func TestGates(t *testing.T) {
	m, err := models.New("lstm")
	require.NoError(t, err)
	lstm := m.(*models.LSTM)
	lstm.Layers, lstm.Dim = 1, 6
	g := fresh(t, m)
	maps, err := g.Gates(g.prompt(t, "春a"), 3)
	require.NoError(t, err)
	require.Len(t, maps.Each, 4)
	assert.Equal(t, "lstm0 forget", maps.Each[1].Title)
	assert.Equal(t, []string{"春", "a"}, maps.Each[1].Cols)
	for _, v := range maps.Each[1].Values {
		assert.Greater(t, v, 0.5, "the forget gate's bias starts at 1")
		assert.Less(t, v, 0.95)
	}
	_, err = g.Gates(g.prompt(t, "春a"), 7)
	assert.ErrorContains(t, err, "7 units of lstm0/gates, which has 6")
}

// A tap that is not read is not computed: reading a tap takes ops of its own, and a program without it does not run them.
func TestTapsCostNothingUnread(t *testing.T) {
	m, err := models.New("lstm")
	require.NoError(t, err)
	lstm := m.(*models.LSTM)
	lstm.Layers, lstm.Dim = 1, 6
	g := fresh(t, m)
	ran := func(taps ...string) (ops int) {
		p, err := models.Score(m, g.Weights, graph.Frame{B: 1, T: 5}, taps...)
		require.NoError(t, err)
		p.Tape().Watch(func(int) { ops++ })
		require.NoError(t, p.Run(graph.Feed{Tokens: []int{1, 2, 3, 4, 5}}))
		return ops
	}
	assert.Equal(t, 1, ran("lstm0/gates")-ran())
}
