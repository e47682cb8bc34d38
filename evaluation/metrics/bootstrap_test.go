package metrics

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Of n independent texts the interval of a share is that of the normal distribution, nearly; of texts that come in
// clusters of equal ones it is that of the clusters.
func TestBootstrap(t *testing.T) {
	const n = 400
	right, hyps, refs := make([]bool, n), make([]string, n), one(make([]string, n)...)
	single, clustered := make([]string, n), make([]string, n)
	for i := range right {
		right[i] = i/4%4 == 0
		single[i], clustered[i] = string(rune(i+1)), string(rune(i/4+1))
	}
	s, err := NewScored(hyps, refs, TokenizeChars)
	require.NoError(t, err)
	s.Add(Shares("right", right, nil))
	m := len(ScoreNames)
	assert.Equal(t, "right", s.Names()[m])
	for _, c := range []struct {
		clusters []string
		size     int
		half     float64
	}{{single, n, 1.96 * 0.433 / 20}, {clustered, n / 4, 1.96 * 0.433 / 10}} {
		b := NewBootstrap(c.clusters)
		assert.Equal(t, c.size, b.Clusters())
		of := b.Over(s).Interval(m)
		assert.InDelta(t, 0.25-c.half, of.Low, 0.012)
		assert.InDelta(t, 0.25+c.half, of.High, 0.012)
		assert.True(t, of.Excludes(0))
	}
}

// Pairing removes what two systems have in common: one that is right once more in a hundred texts is better, though the
// intervals of both overlap.
func TestPairedGain(t *testing.T) {
	const n = 300
	a, b, names := make([]bool, n), make([]bool, n), make([]string, n)
	for i := range n {
		b[i] = i%2 == 0
		a[i], names[i] = b[i] || i%25 == 1, string(rune(i+1))
	}
	boot, all := NewBootstrap(names), [2]Resampled{}
	for i, right := range [][]bool{a, b} {
		s, err := NewScored(make([]string, n), one(make([]string, n)...), TokenizeChars)
		require.NoError(t, err)
		s.Add(Shares("right", right, nil))
		all[i] = boot.Over(s)
	}
	m := len(ScoreNames)
	of, wins := all[0].Gain(all[1], m, m)
	assert.True(t, of.Excludes(0), of)
	assert.Greater(t, wins, 0.99)
	assert.Less(t, all[0].Interval(m).Low, all[1].Interval(m).High)
	same, wins := all[0].Gain(all[0], m, m)
	assert.Equal(t, Interval{}, same)
	assert.Equal(t, 0.5, wins)
}

func TestRatio(t *testing.T) {
	assert.InDelta(t, 0.5, Shares("x", []bool{true, false, true}, []bool{true, true, false}).Value(), 1e-12)
	assert.Zero(t, Shares("x", []bool{true}, []bool{false}).Value())
	assert.InDelta(t, 2, Mean("x", []float64{1, 3}).Value(), 1e-12)
}
