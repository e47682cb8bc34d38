package models

import (
	"math"
	"math/rand/v2"
	"testing"

	"euryale/layers/graph"

	"github.com/stretchr/testify/require"
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
	model     Model
	recurrent bool // its state cannot be truncated
	unbounded bool // its lanes have no limit
	source    int  // tokens of a lane's source; 0: none
}

var testCases = []testCase{
	{name: "gpt", model: &GPT{Sizes: Sizes{testVocab, testRoom}, Layers: 2, Heads: 2, Dim: 6, Activation: "gelu", Bias: true, Tied: true}},
	{name: "gpt without biases, own head", model: &GPT{Sizes: Sizes{testVocab, testRoom}, Layers: 1, Heads: 3, Dim: 6, Hidden: 7, Activation: "gelu_tanh"}},
	{name: "llama", model: &Llama{Sizes: Sizes{testVocab, testRoom}, Layers: 2, Heads: 6, KVHeads: 2, Dim: 12, Hidden: 5, RotaryBase: 100}},
	{name: "llama, own keys, tied", model: &Llama{Sizes: Sizes{testVocab, testRoom}, Layers: 1, Heads: 3, Dim: 6, RotaryBase: 10000, Tied: true}},
	{name: "transformer", source: testSource, model: &Transformer{Sizes: Sizes{testVocab, testRoom}, Source: testSource, Layers: 2, Heads: 2, Dim: 6, Hidden: 7, Activation: "gelu"}},
	{name: "transformer, pre-norm, learned, tied", source: testSource, model: &Transformer{Sizes: Sizes{testVocab, testRoom}, Source: testSource, Layers: 1, Heads: 3, Dim: 6, Activation: "gelu_tanh", PreNorm: true, Learned: true, Tied: true}},
	{name: "encoder", model: &Encoder{Sizes: Sizes{testVocab, testRoom}, MaxLen: 17, Layers: 2, Heads: 2, Dim: 10, Hidden: 7, Activation: "gelu", Causal: true}},
}

// wide moves the weights away from their small first values, so that mistakes show.
func wide(t testing.TB, c testCase, w *graph.Weights) *graph.Weights {
	t.Helper()
	_, err := Score(c.model, w, graph.Frame{B: 1, T: 2, S: c.source})
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(7, 7))
	for _, p := range w.All() {
		for i := range p.Float64() {
			p.Float64()[i] += 0.4 * rng.NormFloat64()
		}
		for i := range p.Float32() {
			p.Float32()[i] += 0.4 * float32(rng.NormFloat64())
		}
	}
	return w
}

// sources are three lanes of source tokens, two of them ragged.
var sources = []int{1, 2, 3, -1, -1 /**/, 4, 5, 6, 0, 1 /**/, 6, 6, -1, -1, -1}

func (c testCase) sources() []int {
	if c.source == 0 {
		return nil
	}
	return sources
}

// Every gradient of every model agrees with central differences, ragged lanes, missing
// targets, label smoothing and dropout included.
func TestGradients(t *testing.T) {
	for _, c := range testCases {
		for _, noise := range []*graph.Noise{nil, {Seed: 5, Step: 3}} {
			name := c.name
			if noise != nil {
				name += " with dropout"
				if c.model = withDropout(c.model); c.model == nil {
					continue
				}
			}
			t.Run(name, func(t *testing.T) { checkGradients(t, c, noise) })
		}
	}
}

// withDropout is a copy of the model with dropout, or nil if it has none.
func withDropout(m Model) Model {
	switch m := m.(type) {
	case *GPT:
		c := *m
		c.Dropout = 0.3
		return &c
	case *Llama:
		c := *m
		c.Dropout = 0.3
		return &c
	case *Transformer:
		c := *m
		c.Dropout = 0.3
		return &c
	case *Encoder:
		c := *m
		c.Dropout = 0.3
		return &c
	case *RNN:
		c := *m
		c.Dropout = 0.3
		return &c
	case *LSTM:
		c := *m
		c.Dropout = 0.3
		return &c
	case *GRU:
		c := *m
		c.Dropout = 0.3
		return &c
	case *Seq2Seq:
		c := *m
		c.Dropout = 0.3
		return &c
	}
	return nil
}

func checkGradients(t *testing.T, c testCase, noise *graph.Noise) {
	w := wide(t, c, graph.NewWeights64(1))
	p, err := Train(c.model, w, graph.Frame{B: 3, T: 4, S: c.source, Noise: noise}, Options{Smoothing: 0.1})
	require.NoError(t, err)
	f := graph.Feed{
		Tokens:  []int{1, 2, 3, 4 /**/, 5, 6, -1, -1 /**/, 7, 8, 9, -1},
		Targets: []int{2, 3, 4, 10 /**/, 6, -1, -1, -1 /**/, 8, 9, 0, -1},
		Source:  c.sources(),
	}
	checkDifferences(t, p, w, func() float64 {
		require.NoError(t, p.Run(f))
		return p.Loss()
	})
}

// checkDifferences compares the gradients of a program, which loss runs, with central
// differences.
func checkDifferences(t *testing.T, p *Program, w *graph.Weights, loss func() float64) {
	t.Helper()
	loss()
	var want [][]float64
	for _, g := range p.Gradients() {
		want = append(want, append([]float64(nil), g.Float64s()...))
	}
	const h = 1e-5
	for i, n := range p.Params() {
		v := w.Get(n.Name()).Float64()
		for j := 0; j < len(v); j += 1 + len(v)/12 { // the references of PyTorch check every value
			old := v[j]
			v[j] = old + h
			up := loss()
			v[j] = old - h
			down := loss()
			v[j] = old
			fd := (up - down) / (2 * h)
			require.InDelta(t, fd, want[i][j], 1e-7*(1+math.Abs(fd)), "%s[%d]", n.Name(), j)
		}
	}
}
