package models_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
	"euryale/models"
	"euryale/models/modeltest"
)

// The sizes of these tests: different primes, so that a swapped axis cannot pass.
const (
	testVocab  = 11
	testRoom   = 13
	testSource = 5
)

// testCase is a small model that every property is checked on.
type testCase struct {
	name      string
	model     models.Model
	recurrent bool // its state cannot be truncated
	unbounded bool // its sequences have no limit
}

var testCases = []testCase{
	{name: "gpt", model: &models.GPT{Sizes: testSizes, Layers: 2, Heads: 2, Dim: 6, Activation: "gelu", Bias: true, Tied: true}},
	{name: "gpt without biases, own head", model: &models.GPT{Sizes: testSizes, Layers: 1, Heads: 3, Dim: 6, Hidden: 7, Activation: "gelu_tanh"}},
	{name: "gpt without MLPs", model: &models.GPT{Sizes: testSizes, Layers: 2, Heads: 2, Dim: 6, Bias: true, AttentionOnly: true}},
	{name: "gpt, pointer", model: &models.GPT{Sizes: testSizes, Layers: 2, Heads: 2, Dim: 6, Activation: "gelu", Bias: true, Tied: true, Pointer: true}},
	{name: "transformer, pointer", model: &models.Transformer{Sizes: testSizes, Source: testSource, Layers: 1, Heads: 2, Dim: 6, Activation: "gelu", PreNorm: true, Guided: 0.5, Pointer: true}},
	{name: "llama", model: &models.Llama{Sizes: testSizes, Layers: 2, Heads: 6, KVHeads: 2, Dim: 12, Hidden: 5, RotaryBase: 100}},
	{name: "llama, wide heads, biases, scaled rotation", model: &models.Llama{Sizes: testSizes, Layers: 1, Heads: 2, KVHeads: 1, Dim: 6, HeadDim: 4, AttentionBias: true,
		NormEpsilon: 1e-3, RotaryBase: 100, RotaryFactor: 8, RotaryContext: 16, RotaryLow: 1, RotaryHigh: 4}},
	{name: "llama, own keys, tied", model: &models.Llama{Sizes: testSizes, Layers: 1, Heads: 3, Dim: 6, RotaryBase: 10000, Tied: true}},
	{name: "modern", model: &models.Modern{Sizes: testSizes, Layers: 2, Heads: 3, Dim: 6, Norm: "rms", Activation: "relu2", RotaryBase: 100, QKNorm: true, Values: true, Window: 2, SoftCap: 5}},
	{name: "modern without its parts", model: &models.Modern{Sizes: testSizes, Layers: 1, Heads: 2, Dim: 6, Norm: "layer", Activation: "gelu", Tied: true}},
	{name: "transformer", model: &models.Transformer{Sizes: testSizes, Source: testSource, Layers: 2, Heads: 2, Dim: 6, Hidden: 7, Activation: "gelu"}},
	{name: "transformer, pre-norm, learned, tied", model: &models.Transformer{Sizes: testSizes, Source: testSource, Layers: 1, Heads: 3, Dim: 6, Activation: "gelu_tanh", PreNorm: true, Learned: true, Tied: true}},
	{name: "encoder", model: &models.Encoder{Sizes: testSizes, MaxLen: 17, Layers: 2, Heads: 2, Dim: 10, Hidden: 7, Activation: "gelu", Causal: true}},
}

var testSizes = models.Sizes{Vocab: testVocab, Context: testRoom}

// withDropout is a copy of the model with dropout, or nil if it has no such setting.
func withDropout(m models.Model) models.Model {
	c := reflect.New(reflect.TypeOf(m).Elem())
	c.Elem().Set(reflect.ValueOf(m).Elem())
	p := c.Elem().FieldByName("Dropout")
	if !p.IsValid() {
		return nil
	}
	p.SetFloat(0.3)
	return c.Interface().(models.Model)
}

// spread gives w the parameters of m, with values that are not small.
func spread(t *testing.T, m models.Model, w *graph.Weights) *graph.Weights {
	t.Helper()
	_, err := models.Score(m, w, graph.Frame{B: 1, T: 2, S: models.SourceOf(m)})
	require.NoError(t, err)
	modeltest.Spread(w)
	return w
}

// Every model passes every check, without dropout and with it.
func TestModels(t *testing.T) {
	for _, c := range append(testCases, testCase{name: "bidirectional encoder", model: bidirectional}) {
		t.Run(c.name, func(t *testing.T) { modeltest.AllWith(t, c.model, modeltest.Options{Entries: 12}) })
		if m := withDropout(c.model); m != nil {
			t.Run(c.name+", dropout", func(t *testing.T) {
				require.NoError(t, modeltest.Dropout(m, modeltest.Options{}))
			})
		}
	}
}

// What modeltest asks of a memory is what these models promise.
func TestMemoryLimits(t *testing.T) {
	for _, c := range testCases {
		t.Run(c.name, func(t *testing.T) {
			w, s := graph.NewWeights(1), models.SourceOf(c.model)
			mem, err := models.NewMemory(c.model, w, 1, 4, s)
			require.NoError(t, err)
			if assert.Equal(t, c.unbounded, mem.Capacity() == 0); !c.unbounded {
				assert.Equal(t, 4, mem.Capacity())
			}
			p, err := models.Decode(c.model, w, graph.Frame{B: 1, T: 3, S: s, Memory: mem})
			require.NoError(t, err)
			require.NoError(t, p.Run(graph.Feed{Tokens: []int{1, 2, 3}}))
			if err := mem.Truncate(0, 2); c.recurrent {
				assert.ErrorContains(t, err, "is recurrent: sequence 0 cannot go back")
			} else {
				assert.NoError(t, err)
			}
			for range 3 {
				err = p.Run(graph.Feed{Tokens: []int{1, 2, 3}})
			}
			if c.unbounded {
				assert.NoError(t, err)
			} else {
				assert.ErrorAs(t, err, new(*graph.FullError))
			}
		})
	}
}
