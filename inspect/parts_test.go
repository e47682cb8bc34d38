package inspect_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
	"euryale/inspect"
	"euryale/layers/graph"
	"euryale/models"
)

// zeroed returns a generator of the same model with rows from to to−1 of a parameter set to zero.
func zeroed(t *testing.T, g *generation.Generator, path string, from, to int) *generation.Generator {
	t.Helper()
	w := graph.NewWeights(0)
	for _, p := range g.Weights.All() {
		v := slices.Clone(p.Float32())
		if p.Path == path {
			cols := len(v) / p.Shape[0]
			clear(v[from*cols : to*cols])
		}
		require.NoError(t, w.Add(p.Path, p.Shape, v))
	}
	return &generation.Generator{Model: g.Model, Weights: w, Tokenizer: g.Tokenizer}
}

// logits returns the logits over a prompt.
func logits(t *testing.T, g *generation.Generator, p generation.Prompt) []float32 {
	return read(t, g, p, "logits").Get("logits").Data
}

// A head that is zero contributes nothing: the rows of the projection that read it do not matter. The same
// of the units of an MLP.
func TestZeroingIsTheModelWithoutThePart(t *testing.T) {
	g := generator(t, tiny["gpt"]()) // 2 heads of 4 columns
	p := prompt(t, g, text)
	for _, c := range []struct {
		change, path string
		from, to     int
	}{
		{"h0/att/head1 *= 0", "h0/att/proj/W", 4, 8},
		{"h1/att/weights/head0 = 0", "h1/att/proj/W", 0, 4},
		{"h0/att/v/head1 *= 0", "h0/att/proj/W", 4, 8},
		{"h1/mlp/post = 0", "h1/mlp/out/W", 0, 32},
	} {
		changed := logits(t, open(t, g, inspect.Text{}, c.change), p)
		want := logits(t, zeroed(t, g, c.path, c.from, c.to), p)
		assert.InDeltaSlice(t, want, changed, 1e-5, c.change)
		assert.NotEqual(t, logits(t, g, p), want, c.change)
	}
}

// A block whose two parts add nothing is a model without the block.
func TestZeroingALayerRemovesIt(t *testing.T) {
	for _, name := range []string{"gpt", "llama"} {
		g := generator(t, tiny[name]())
		p := prompt(t, g, text)
		last, before := "h1", "h0/resid"
		if name == "llama" {
			last, before = "h0", "embed"
		}
		without := open(t, g, inspect.Text{}, last+"/att *= 0", last+"/mlp *= 0")
		v := read(t, without, p, before, last+"/resid", last)
		assert.Equal(t, v.Get(before).Data, v.Get(last+"/resid").Data)
		if name == "llama" {
			continue
		}
		shallow := *g.Model.(*models.GPT)
		shallow.Layers = 1
		assert.InDeltaSlice(t, logits(t, &generation.Generator{Model: &shallow, Weights: g.Weights, Tokenizer: g.Tokenizer}, p), logits(t, without, p), 1e-6)
	}
}

// Without its forget gate an LSTM is one whose gate is saturated at zero by its bias.
func TestZeroingAGateIsItsBias(t *testing.T) {
	g := generator(t, tiny["lstm"]()) // gates of 6 units: i|f|g|o
	p := prompt(t, g, text)
	changed := logits(t, open(t, g, inspect.Text{}, "lstm0/f = 0"), p)
	saturated := zeroed(t, g, "", 0, 0)
	for i := 6; i < 12; i++ {
		saturated.Weights.Get("lstm0/x/b").Float32()[i] = -1e4
	}
	assert.InDeltaSlice(t, logits(t, saturated, p), changed, 1e-5)
	assert.NotEqual(t, logits(t, g, p), changed)
}

// All values before a patched residual stream are forgotten: what follows is the other prompt's.
func TestPatchingTheStreamCarriesTheOtherPrompt(t *testing.T) {
	g := generator(t, tiny["gpt"]())
	p, other := prompt(t, g, text), prompt(t, g, "of light")
	require.NotEqual(t, logits(t, g, other), logits(t, g, p))
	patched := open(t, g, inspect.Text{Prompt: p, Patch: other}, "h0/resid = patch")
	assert.Equal(t, logits(t, g, other), logits(t, patched, p))
	last := open(t, g, inspect.Text{Prompt: p, Patch: other}, "h1/resid@-1 = patch")
	n := g.Model.Common().Vocab
	a, b := logits(t, g, other), logits(t, last, p)
	assert.Equal(t, a[len(a)-n:], b[len(b)-n:])
}

// A steering vector is added to the stream, in the generated tokens too; a range that ends with the
// prompt is not.
func TestSteeringVector(t *testing.T) {
	g := generator(t, tiny["gpt"]())
	p := prompt(t, g, text)
	v := inspect.Vector(2, []float32{1, 0, 0, 0, 0, 0, 0, -1})
	steered, err := inspect.Open(g, inspect.Text{Prompt: p}, inspect.Intervention{Path: "h0/resid", Op: "+=", Value: v})
	require.NoError(t, err)
	before, after := read(t, g, p, "h0/mlp/resid").Get("h0/mlp/resid"), read(t, steered, p, "h0/resid").Get("h0/resid")
	assert.InDelta(t, before.Row(3)[0]+2, after.Row(3)[0], 1e-6)
	assert.InDelta(t, before.Row(3)[7]-2, after.Row(3)[7], 1e-6)
	assert.Equal(t, before.Row(3)[1], after.Row(3)[1])
}

// Greedy texts under an intervention are those that whole passes predict.
func TestGeneratedTokensFollowFromTheIntervention(t *testing.T) {
	for _, name := range []string{"gpt", "lstm", "transformer"} {
		g := generator(t, tiny[name]())
		p := prompt(t, g, "the")
		change := map[string]string{"gpt": "h0/att/head1@2: *= -3", "lstm": "lstm0/i@2: = 0.9", "transformer": "dec/h0/cross/weights@2: = 0.1"}[name]
		changed := open(t, g, inspect.Text{Prompt: p, More: 6}, change)
		rs, err := changed.Generate(context.Background(), p, generation.Settings{Tokens: 6}, 1, nil)
		require.NoError(t, err)
		whole := p
		whole.Tokens = slices.Concat(p.Tokens, rs[0].Tokens)
		l := read(t, changed, whole, "logits").Get("logits")
		for i, id := range rs[0].Tokens {
			row := l.Row(len(p.Tokens) - 1 + i)
			assert.Equal(t, slices.Index(row, slices.Max(row)), id, name)
		}
	}
}

// Attention maps, scores and gates are those of the changed model.
func TestPicturesFollowFromTheIntervention(t *testing.T) {
	g := generator(t, tiny["gpt"]())
	p := prompt(t, g, text)
	maps, err := open(t, g, inspect.Text{Prompt: p}, "h1/att/weights/head1@3 = 0.125").Attention(p, nil, "h1/att")
	require.NoError(t, err)
	row := maps.Each[1].Values[3*len(p.Tokens):][:len(p.Tokens)]
	assert.Equal(t, []float64{0.125, 0.125, 0.125, 0.125, 0, 0, 0, 0}, row, "later keys are not attended to")
	uniform := open(t, g, inspect.Text{}, "logits = 0")
	s, err := uniform.Score(context.Background(), text, 0, nil)
	require.NoError(t, err)
	assert.InDelta(t, float64(g.Model.Common().Vocab), s.Perplexity, 1e-3)
}

// Without interventions the generator has the very model, and so its graph: that naming values adds no
// instruction is tested in package models.
func TestNoInterventionIsTheSameModel(t *testing.T) {
	g := generator(t, tiny["gpt"]())
	same, err := inspect.Open(g, inspect.Text{})
	require.NoError(t, err)
	assert.True(t, same.Model == g.Model)
}
