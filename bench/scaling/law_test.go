package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The fit finds the law of points that follow one, with the numbers that Hoffmann et al. 2022 found.
func TestFit(t *testing.T) {
	want := law{1.69, 406.4, 0.34, 410.7, 0.28}
	var points []point
	for _, n := range []float64{1e4, 3e4, 1e5, 3e5, 1e6} {
		for _, d := range []float64{5e5, 1e6, 2e6, 4e6} {
			p := point{parameters: n, tokens: d}
			p.loss = want.at(p)
			points = append(points, p)
		}
	}
	got := fit(points)
	for _, p := range []point{{parameters: 5e4, tokens: 3e6}, {parameters: 3e6, tokens: 8e6}} {
		assert.InDelta(t, want.at(p), got.at(p), 0.02*want.at(p))
	}

	// No size near the best one is better for the same operations.
	best := want.best(1e14)
	assert.InEpsilon(t, 1e14, 6*best.parameters*best.tokens, 1e-9)
	for _, factor := range []float64{0.9, 1.1} {
		assert.Greater(t, want.at(point{parameters: best.parameters * factor, tokens: best.tokens / factor}), want.at(best))
	}

	var out bytes.Buffer
	require.NoError(t, report(&out, points))
	assert.Contains(t, out.String(), "without the largest")
	assert.ErrorContains(t, report(&out, points[:7]), "needs more runs")
}
