package inspect

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/layers/graph"
	"euryale/models"
)

// text has all letters of the tests' tokenizer.
const text = "the rays of light"

// small returns a generator of a small model with random weights.
func small(t testing.TB, name string, change func(m models.Model)) *generation.Generator {
	t.Helper()
	tk := tokenizer.NewByte()
	m, err := models.New(name)
	require.NoError(t, err)
	m.Common().Vocab, m.Common().Context = tk.Vocab(), 32
	if change != nil {
		change(m)
	}
	w := graph.NewWeights(1)
	require.NoError(t, models.Declare(m, w))
	return &generation.Generator{Model: m, Weights: w, Tokenizer: tk}
}

func TestReadMatchesPatterns(t *testing.T) {
	g := small(t, "gpt", nil)
	p, err := g.Prompt(text)
	require.NoError(t, err)
	v, err := Read(g, p, "h*", "logits")
	require.NoError(t, err)
	assert.Equal(t, []string{"h0", "h1", "h2", "h3", "head", "logits"}, v.Names)
	assert.Equal(t, []int{len(text), 128}, v.Get("h0").Shape)
}

func prompt(t testing.TB, g *generation.Generator, text string) generation.Prompt {
	t.Helper()
	p, err := g.Prompt(text)
	require.NoError(t, err)
	return p
}

func parse(t testing.TB, text string) Intervention {
	t.Helper()
	v, err := Parse(text)
	require.NoError(t, err)
	return v
}

func TestZeroingTheLayersLeavesTheEmbedding(t *testing.T) {
	g := small(t, "gpt", nil)
	p := prompt(t, g, text)
	r, err := NewRunner(g, Text{Prompt: p}, []string{"h3", "h0/att/proj"}, parse(t, "h*/att/proj *= 0"), parse(t, "h*/mlp/out@1: *= 0"))
	require.NoError(t, err)
	require.NoError(t, r.Run(p))
	for _, x := range r.Get("h0/att/proj").Data {
		assert.Zero(t, x)
	}
	r.Off(0)
	require.NoError(t, r.Run(p))
	assert.NotZero(t, r.Get("h0/att/proj").Data[5])
}

// Every model names what one looks for, and every tap can be read.
func TestEveryTapCanBeRead(t *testing.T) {
	for _, name := range []string{"gpt", "llama", "encoder", "transformer", "seq2seq", "rnn", "lstm", "gru"} {
		g := small(t, name, nil)
		p := prompt(t, g, text)
		if models.SourceOf(g.Model) > 0 {
			p.Source = p.Tokens[:9]
		}
		all, err := Taps(g)
		require.NoError(t, err)
		v, err := Read(g, p, all...)
		require.NoError(t, err, name)
		t.Log(name, len(all), all)
		for _, tap := range all {
			assert.NotEmpty(t, v.Get(tap).Data, tap)
		}
	}
}
