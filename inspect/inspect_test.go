package inspect_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/inspect"
	"euryale/layers/graph"
	"euryale/models"
)

// text has fewer tokens than the contexts of the tests' models.
const text = "the rays"

// tiny are small models of every kind.
var tiny = map[string]func() models.Model{
	"gpt": func() models.Model {
		return &models.GPT{Sizes: sizes(), Layers: 2, Heads: 2, Dim: 8, Activation: "gelu", Bias: true, Tied: true}
	},
	"llama": func() models.Model {
		return &models.Llama{Sizes: sizes(), Layers: 1, Heads: 4, KVHeads: 2, Dim: 16, RotaryBase: 100}
	},
	"encoder": func() models.Model {
		return &models.Encoder{Sizes: sizes(), MaxLen: 16, Layers: 1, Heads: 2, Dim: 8, Activation: "relu", Causal: true}
	},
	"transformer": func() models.Model {
		return &models.Transformer{Sizes: sizes(), Source: 8, Layers: 1, Heads: 2, Dim: 8, Activation: "relu", PreNorm: true}
	},
	"post-norm transformer": func() models.Model {
		return &models.Transformer{Sizes: sizes(), Source: 8, Layers: 1, Heads: 2, Dim: 8, Activation: "relu", Tied: true}
	},
	"seq2seq": func() models.Model {
		return &models.Seq2Seq{Sizes: sizes(), Source: 8, Cell: "lstm", Layers: 2, Dim: 6, Bidirectional: true, Attention: "general", Bridge: "dense"}
	},
	"seq2seq with input feeding": func() models.Model {
		return &models.Seq2Seq{Sizes: sizes(), Source: 8, Cell: "gru", Layers: 2, Dim: 6, Attention: "additive", Bridge: "copy", InputFeeding: true}
	},
	"seq2seq with Luong's input feeding": func() models.Model {
		return &models.Seq2Seq{Sizes: sizes(), Source: 8, Cell: "lstm", Layers: 1, Dim: 6, Bidirectional: true, Attention: "dot", Bridge: "copy", InputFeeding: true}
	},
	"seq2seq of rnns": func() models.Model {
		return &models.Seq2Seq{Sizes: sizes(), Source: 8, Cell: "rnn", Layers: 1, Dim: 6, Bidirectional: true, Attention: "concat", Bridge: "copy"}
	},
	"rnn":  func() models.Model { return &models.RNN{Recurrent: recurrent(), Activation: "tanh"} },
	"lstm": func() models.Model { return &models.LSTM{Recurrent: recurrent()} },
	"gru":  func() models.Model { return &models.GRU{Recurrent: recurrent()} },
}

func sizes() models.Sizes         { return models.Sizes{Context: 16} }
func recurrent() models.Recurrent { return models.Recurrent{Sizes: sizes(), Layers: 2, Dim: 6} }

// alphabet has the letters of the tests' texts, and the end.
const alphabet = "abcdefghijklmnopqrstuvwxyz ABC"

// generator returns a generator of a model with random weights, larger than initial ones, so that
// every value matters.
func generator(t testing.TB, m models.Model) *generation.Generator {
	t.Helper()
	tk := tokenizer.NewChar(alphabet)
	m.Common().Vocab = tk.Vocab()
	w := graph.NewWeights(3)
	require.NoError(t, models.Declare(m, w))
	for _, p := range w.All() {
		for i, x := range p.Float32() {
			p.Float32()[i] = 2*x + 0.05*float32(i%7-3)
		}
	}
	return &generation.Generator{Model: m, Weights: w, Tokenizer: tk}
}

func prompt(t testing.TB, g *generation.Generator, text string) generation.Prompt {
	t.Helper()
	p, err := generation.Plain(g.Tokenizer, text)
	require.NoError(t, err)
	if s := models.SourceOf(g.Model); s > 0 {
		p.Source = []int{3, 1, 4, 1, 5}
	}
	return p
}

func parse(t testing.TB, text string) inspect.Intervention {
	t.Helper()
	v, err := inspect.Parse(text)
	require.NoError(t, err)
	return v
}

func open(t testing.TB, g *generation.Generator, on inspect.Text, list ...string) *generation.Generator {
	t.Helper()
	var all []inspect.Intervention
	for _, v := range list {
		all = append(all, parse(t, v))
	}
	changed, err := inspect.Open(g, on, all...)
	require.NoError(t, err)
	return changed
}

func read(t testing.TB, g *generation.Generator, p generation.Prompt, names ...string) *inspect.Values {
	t.Helper()
	v, err := inspect.Read(g, p, names...)
	require.NoError(t, err)
	return v
}

// stepped returns the logits after each token, read token by token.
func stepped(t testing.TB, g *generation.Generator, p generation.Prompt) (logits []float32) {
	t.Helper()
	s, err := generation.NewStepper(g.Model, g.Weights, 1)
	require.NoError(t, err)
	first, err := s.Begin(0, generation.Prompt{Tokens: p.Tokens[:2], Source: p.Source})
	require.NoError(t, err)
	logits = append(logits, first...)
	for _, id := range p.Tokens[2:] {
		next, err := s.Step([]int{id})
		require.NoError(t, err)
		logits = append(logits, next...)
	}
	return logits
}

// writable returns the taps of a model that can be changed, without the values of losses.
func writable(t testing.TB, g *generation.Generator) (names []string) {
	t.Helper()
	d, err := models.Declared(g.Model, g.Weights, graph.Frame{B: 2, T: 3, S: min(5, models.SourceOf(g.Model))})
	require.NoError(t, err)
	for _, name := range d.Taps() {
		if !d.IsReadOnly(name) && !strings.HasPrefix(name, "loss") {
			names = append(names, name)
		}
	}
	return names
}

// every calls f for every tiny model.
func every(t *testing.T, f func(t *testing.T, g *generation.Generator)) {
	for name, m := range tiny {
		t.Run(name, func(t *testing.T) { f(t, generator(t, m())) })
	}
}

// Every tap can be read, has finite values, and either is the same as that of a fused op or can be
// changed: then a patch from the same prompt changes nothing.
func TestPatchFromTheSamePromptIsTheIdentity(t *testing.T) {
	every(t, func(t *testing.T, g *generation.Generator) {
		p := prompt(t, g, text)
		all, err := inspect.Taps(g)
		require.NoError(t, err)
		before := read(t, g, p, all...)
		var list []string
		for _, name := range writable(t, g) {
			list = append(list, name+" = patch")
		}
		require.NotEmpty(t, list)
		after := read(t, open(t, g, inspect.Text{Prompt: p, Patch: p}, list...), p, all...)
		for _, name := range all {
			assert.InDeltaSlice(t, before.Get(name).Data, after.Get(name).Data, 1e-5, name)
		}
	})
}

// Changes of all taps at some positions give the same logits in one pass and token by token.
func TestCachedDecodingIsTheWholePass(t *testing.T) {
	every(t, func(t *testing.T, g *generation.Generator) {
		p := prompt(t, g, text)
		clean := read(t, g, p, "*", "*/*")
		var list []string
		for _, name := range writable(t, g) {
			if a := clean.Get(name); a != nil && a.Rows == "sequence" {
				list = append(list, name+" *= 0.9")
				continue
			}
			list = append(list, name+"@1,3:5 *= 0.9", name+"@2 += 0.05", name+"@4 = mean")
		}
		changed := open(t, g, inspect.Text{Prompt: p}, list...)
		whole := read(t, changed, p, "logits").Get("logits")
		assert.NotEqual(t, clean.Get("logits").Data, whole.Data)
		assert.InDeltaSlice(t, whole.Data[whole.Width():], stepped(t, changed, p), 2e-5)
	})
}

// A patch of any tap at one position moves the logits there or after it, and none before.
func TestEveryTapMatters(t *testing.T) {
	every(t, func(t *testing.T, g *generation.Generator) {
		p := prompt(t, g, text)
		names := writable(t, g)
		var list []inspect.Intervention
		for _, name := range names {
			list = append(list, parse(t, name+" *= 1"))
		}
		other := prompt(t, g, "of light")
		if other.Source != nil {
			other.Source = []int{2, 7, 1, 8, 2}
		}
		r, err := inspect.NewRunner(g, inspect.Text{Prompt: p, Patch: other}, append(names, "logits"), list...)
		require.NoError(t, err)
		require.NoError(t, r.Run(p))
		clean := r.Get("logits")
		for i, name := range names {
			at, change := "@2", " = patch"
			if strings.HasSuffix(name, "pos") {
				change = " *= 0.5" // positions are the same in both prompts
			}
			if r.Get(name).Rows == "sequence" {
				at = ""
			}
			require.NoError(t, r.Set(i, parse(t, name+at+change)))
			require.NoError(t, r.Run(p))
			changed := r.Get("logits")
			assert.NotEqual(t, clean.Data, changed.Data, name)
			if r.Get(name).Rows == "text" {
				assert.Equal(t, clean.Data[:2*clean.Width()], changed.Data[:2*clean.Width()], name)
			}
			r.Off(i)
		}
		require.NoError(t, r.Run(p))
		assert.Equal(t, clean.Data, r.Get("logits").Data)
	})
}
