package models

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel/matmul"
	"euryale/layers"
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
			w := layers.NewWeights(1)
			p, err := Score(c.model, w, layers.Frame{B: 3, T: 6, S: c.source}, "logits")
			require.NoError(t, err)
			feed := layers.Feed{Tokens: []int{1, 2, 3, 4, 5, 6, 7, 8, 7, 6, 5, 4, 3, 2, 1, 2, 3, 4}, Source: c.sources()}
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
			d := &decoder{T: t, c: c, w: w, tol: tol, text: make([][]int, 1), source: make([][]int, 1)}
			if c.source > 0 {
				d.source[0] = c.sources()[:c.source]
			}
			d.mem, err = NewMemory(c.model, w, 1, testRoom, c.source)
			require.NoError(t, err)
			d.encode(d.mem, d.source[0])
			one := d.program(1, d.mem)
			for _, id := range []int{3, 1, 4, 1, 5} {
				d.feed("one token", one, 1, id)
			}
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

// A Hold ends with its last Release; then products see new values.
func TestHoldEnds(t *testing.T) {
	require.NoError(t, matmul.SetPrecision(matmul.Medium))
	defer func() { require.NoError(t, matmul.SetPrecision(matmul.Highest)) }()
	c := testCases[0]
	w := layers.NewWeights(1)
	p, err := Score(c.model, w, layers.Frame{B: 3, T: 6, S: c.source}, "logits")
	require.NoError(t, err)
	ids := make([]int, 18)
	feed := layers.Feed{Tokens: ids, Targets: ids, Source: c.sources()}
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
	w := layers.NewWeights(1)
	_, err := Score(c.model, w, layers.Frame{B: 3, T: 6, S: c.source})
	require.NoError(t, err)
	w.Freeze()
	var wait sync.WaitGroup
	losses := make([]float64, 8)
	for g := range losses {
		wait.Go(func() {
			w.Hold()
			defer w.Release()
			p, err := Score(c.model, w, layers.Frame{B: 3, T: 6, S: c.source})
			if !assert.NoError(t, err) {
				return
			}
			for range 5 {
				assert.NoError(t, p.Run(layers.Feed{Tokens: make([]int, 18), Targets: make([]int, 18), Source: c.sources()}))
				losses[g] = p.Loss()
			}
		})
	}
	wait.Wait()
	for _, l := range losses {
		assert.Equal(t, losses[0], l)
	}
}
