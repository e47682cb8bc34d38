package view

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// prompts are two texts that differ in their second token.
func prompts(t *testing.T, name string) (corrupted, clean *Text) {
	t.Helper()
	clean = textOf(t, name)
	clean.Tokens, clean.Targets = []int{3, 1, 4, 2}, []int{1, 4, 2, -1}
	other := *clean
	other.Tokens = []int{3, 7, 4, 2}
	return &other, clean
}

// The stream of the first block at the changed token restores all of a difference that only it can carry, the last one at the
// last position restores it too, and positions before the change restore nothing.
func TestPatching(t *testing.T) {
	for _, name := range []string{"gpt", "llama", "transformer", "lstm", "gru"} {
		corrupted, clean := prompts(t, name)
		o, err := Contrast(corrupted, clean)
		require.NoError(t, err)
		assert.Equal(t, 3, o.At)
		f, err := Patching(t.Context(), corrupted, clean, o)
		require.NoError(t, err, name)
		g := f.Grid("residual stream")
		if g == nil {
			g = f.Grid("recurrent layers")
		}
		last := len(g.Rows.Labels) - 1
		assert.InDelta(t, 1, g.At(last, 3), 1e-3, name)
		for i := range g.Rows.Labels {
			assert.InDelta(t, 0, g.At(i, 0), 1e-3, name)
		}
		if g.Rows.Labels[0] == "embed" {
			assert.InDelta(t, 1, g.At(0, 1), 1e-3, name)
		}
	}
}

func TestPatchingRefuses(t *testing.T) {
	corrupted, clean := prompts(t, "gpt")
	corrupted.Tokens = corrupted.Tokens[:3]
	_, err := Patching(t.Context(), corrupted, clean, Output{})
	assert.ErrorContains(t, err, "the prompts have 3 and 4 tokens")
	_, err = Patching(t.Context(), clean, clean, Output{At: 4})
	assert.ErrorContains(t, err, "there is no position 4")
	_, err = Patching(t.Context(), clean, clean, Output{At: 3, Token: 1, Against: -1})
	assert.ErrorContains(t, err, "both prompts give the same output")
}

// Gates are the columns of the tap of all gates, and the chosen units those that vary most.
func TestGates(t *testing.T) {
	x := textOf(t, "lstm")
	f, err := Gates(x, 3)
	require.NoError(t, err)
	require.Len(t, f.Grids, 12, "i, f, g, o, c and h of two layers")
	g := f.Grid("lstm1/f")
	require.Len(t, g.Rows.Index, 3)
	p, err := x.read("lstm1/gates")
	require.NoError(t, err)
	variance := func(u int) (sum float64) {
		mean := 0.0
		for i := range 8 {
			mean += p.Float64s("lstm1/gates")[i*32+8+u] / 8
		}
		for i := range 8 {
			d := p.Float64s("lstm1/gates")[i*32+8+u] - mean
			sum += d * d
		}
		return sum
	}
	least := math.Inf(1)
	for k, u := range g.Rows.Index {
		least = min(least, variance(u))
		for i := range x.Tokens {
			assert.InDelta(t, p.Float64s("lstm1/gates")[i*32+8+u], g.At(k, i), 1e-6)
		}
	}
	larger := 0
	for u := range 8 {
		if variance(u) > least {
			larger++
		}
	}
	assert.Equal(t, 2, larger)
	for name, grids := range map[string]int{"gru": 8, "rnn": 2, "seq2seq": 18} {
		f, err := Gates(textOf(t, name), 0)
		require.NoError(t, err)
		assert.Len(t, f.Grids, grids, name)
	}
	_, err = Gates(textOf(t, "gpt"), 0)
	assert.ErrorContains(t, err, "no recurrent layers")
}

// The excerpt with the largest value of a unit comes first, and shows the unit at each token.
func TestExciting(t *testing.T) {
	x := textOf(t, "lstm")
	seqs := pair(false)
	f, err := Exciting(t.Context(), x, seqs, "lstm1/h", []int{5}, 9)
	require.NoError(t, err)
	require.Len(t, f.Grids, 2, "one for each sequence")
	largest := func(g Grid) (m float64) {
		m = math.Inf(-1)
		for _, v := range g.Values {
			m = max(m, v)
		}
		return m
	}
	assert.GreaterOrEqual(t, largest(f.Grids[0]), largest(f.Grids[1]))
	p, err := run(x.Model, x.Weights, seqs, "lstm1/h")
	require.NoError(t, err)
	for _, g := range f.Grids {
		b := 0
		if len(g.Values) == 5 {
			b = 1
		}
		for i, v := range g.Values {
			assert.InDelta(t, p.Float64s("lstm1/h")[(b*8+i)*8+5], v, 1e-6)
		}
	}
	_, err = Exciting(t.Context(), x, seqs, "lstm1/h", []int{8}, 1)
	assert.ErrorContains(t, err, "there is no unit 8: lstm1/h has 8, from 0")
	units, err := Peaked(t.Context(), x, seqs, "lstm1/h", 2)
	require.NoError(t, err)
	assert.Len(t, units, 2)
}

// The probe of the previous token has the labels that the text gives it.
func TestProbes(t *testing.T) {
	labels := previousLabels([]Sequence{{Tokens: []int{4, 4, 4, 9, 9, 1}}})
	assert.Equal(t, [][]int{{-1, 0, 0, 0, 1, 1}}, labels)
	x := textOf(t, "gpt")
	f, err := Probes(t.Context(), x, []Sequence{sample, sample, sample, sample})
	require.NoError(t, err)
	assert.Equal(t, []string{"embed", "h0", "h1"}, f.Grids[0].Rows.Labels)
	assert.Equal(t, f.Grids[0].At(1, 0)-f.Grids[0].At(1, 1), f.Grids[0].At(1, 2))
}
