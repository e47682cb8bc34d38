package models_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel/matmul"
	"euryale/layers/graph"
	"euryale/models"
)

// Every model at a reduced precision has about the logits that it has at the highest,
// whether its weights are held or not, in a pass over all tokens and token by token.
func TestHoldAtReducedPrecision(t *testing.T) {
	for p, tol := range map[matmul.Precision]float64{matmul.Medium: 0.03, matmul.Int8: 0.1} {
		t.Run(string(p), func(t *testing.T) { testHold(t, p, tol) })
	}
}

// testHold allows logits, which are about 1, to differ by tol.
func testHold(t *testing.T, precision matmul.Precision, tol float64) {
	defer func() { require.NoError(t, matmul.SetPrecision(matmul.Highest)) }()
	for _, c := range testCases {
		t.Run(c.name, func(t *testing.T) {
			require.NoError(t, matmul.SetPrecision(matmul.Highest))
			w, s := graph.NewWeights(1), models.SourceOf(c.model)
			p, err := models.Score(c.model, w, graph.Frame{B: 3, T: 6, S: s}, "logits")
			require.NoError(t, err)
			feed := graph.Feed{Tokens: []int{1, 2, 3, 4, 5, 6, 7, 8, 7, 6, 5, 4, 3, 2, 1, 2, 3, 4}}
			if s > 0 {
				feed.Source = testSources
			}
			logits := func() []float64 {
				require.NoError(t, p.Run(feed))
				return p.Float64s("logits")
			}
			want := logits()
			require.NoError(t, matmul.SetPrecision(precision))
			free := logits()
			w.Hold()
			held := logits()
			assert.Equal(t, held, logits())
			assert.InDeltaSlice(t, held[:6*testVocab], stepByStep(t, c.model, w, feed.Tokens[:6]), tol)
			w.Release()
			assert.Equal(t, free, logits())
			assert.InDeltaSlice(t, want, free, tol)
			assert.InDeltaSlice(t, want, held, tol)
			if matmul.Products() == "float32" {
				assert.Equal(t, want, held)
			}
		})
	}
}

// testSources are three sequences of source tokens, two of them padded.
var testSources = []int{1, 2, 3, -1, -1 /**/, 4, 5, 6, 0, 1 /**/, 6, 6, -1, -1, -1}

// stepByStep decodes tokens one by one, after the first of testSources, and returns the
// logits after each.
func stepByStep(t *testing.T, m models.Model, w *graph.Weights, tokens []int) (logits []float64) {
	s := models.SourceOf(m)
	mem, err := models.NewMemory(m, w, 1, testRoom, s)
	require.NoError(t, err)
	if s > 0 {
		enc, err := models.Encode(m, w, graph.Frame{B: 1, S: s, Memory: mem})
		require.NoError(t, err)
		require.NoError(t, enc.Run(graph.Feed{Source: testSources[:s]}))
	}
	one, err := models.Decode(m, w, graph.Frame{B: 1, T: 1, S: s, Memory: mem})
	require.NoError(t, err)
	for _, id := range tokens {
		require.NoError(t, one.Run(graph.Feed{Tokens: []int{id}}))
		logits = append(logits, one.Float64s("logits")...)
	}
	return logits
}

// A Hold ends with its last Release; then products see new values.
func TestHoldEnds(t *testing.T) {
	require.NoError(t, matmul.SetPrecision(matmul.Medium))
	defer func() { require.NoError(t, matmul.SetPrecision(matmul.Highest)) }()
	c := testCases[0]
	w := graph.NewWeights(1)
	p, err := models.Score(c.model, w, graph.Frame{B: 3, T: 6}, "logits")
	require.NoError(t, err)
	ids := make([]int, 18)
	feed := graph.Feed{Tokens: ids, Targets: ids}
	loss := func() float64 {
		require.NoError(t, p.Run(feed))
		return p.Loss()
	}
	w.Hold()
	w.Hold()
	before := loss()
	w.Release()
	assert.Equal(t, before, loss())
	w.Release()
	for _, p := range w.All() {
		for i := range p.Float32() {
			p.Float32()[i] *= 1.5
		}
	}
	after := loss()
	assert.NotEqual(t, before, after)
	w.Hold()
	assert.InDelta(t, after, loss(), 0.03)
	w.Release()
}

// Programs on the same weights run side by side while their holds overlap.
func TestHoldConcurrent(t *testing.T) {
	require.NoError(t, matmul.SetPrecision(matmul.Medium))
	defer func() { require.NoError(t, matmul.SetPrecision(matmul.Highest)) }()
	c := testCases[0]
	w := graph.NewWeights(1)
	_, err := models.Score(c.model, w, graph.Frame{B: 3, T: 6})
	require.NoError(t, err)
	w.Freeze()
	var wait sync.WaitGroup
	losses := make([]float64, 8)
	for g := range losses {
		wait.Go(func() {
			w.Hold()
			defer w.Release()
			p, err := models.Score(c.model, w, graph.Frame{B: 3, T: 6})
			if !assert.NoError(t, err) {
				return
			}
			for range 5 {
				assert.NoError(t, p.Run(graph.Feed{Tokens: make([]int, 18), Targets: make([]int, 18)}))
				losses[g] = p.Loss()
			}
		})
	}
	wait.Wait()
	for _, l := range losses {
		assert.Equal(t, losses[0], l)
	}
}
