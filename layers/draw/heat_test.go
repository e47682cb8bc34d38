package draw_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"euryale/layers/draw"
)

func TestMapSaysWhatItShows(t *testing.T) {
	m := draw.Map{Title: "h0/att 1", Rows: []string{"a", " "}, Cols: []string{"今", "\n"}, Values: []float64{0.25, 0, 0, 0.5}}
	said := texts(t, m.SVG())
	for _, want := range []string{"h0/att 1", "a", "␣", "今", "↵", "0", "0.5"} {
		assert.Contains(t, said, want)
	}
	assert.Contains(t, m.SVG(), "#084594", "the largest value has the full colour")
	assert.Contains(t, m.SVG(), "#84a2ca", "half of it half of the way from white")
	assert.NotContains(t, m.SVG(), "#b34a00", "nothing is below 0")
}

// All maps of a picture have one scale; what is below 0 has the other colour, and what is
// no number is black.
func TestMapsShareAScale(t *testing.T) {
	one := func(v float64) draw.Map {
		return draw.Map{Rows: []string{"r"}, Cols: []string{"c"}, Values: []float64{v}}
	}
	svg := draw.Maps{Title: "gates", Each: []draw.Map{one(2), one(-2), one(math.NaN())}, Across: 2}.SVG()
	texts(t, svg)
	assert.Contains(t, svg, `fill="#084594" d=`)
	assert.Contains(t, svg, `fill="#b34a00" d=`)
	assert.Contains(t, svg, `fill="#000000" d=`)
	empty := draw.Maps{}.SVG()
	assert.True(t, strings.HasPrefix(empty, "<svg"))
}

func TestChart(t *testing.T) {
	c := draw.Chart{Title: "损失", XLabel: "step", YLabel: "nats", Series: []draw.Series{
		{Name: "train", Y: []float64{3, 2, math.NaN(), 1}},
		{Name: "valid", X: []float64{1, 4}, Y: []float64{3, math.Inf(1)}},
	}}
	said := texts(t, c.SVG())
	for _, want := range []string{"损失", "step", "nats", "train", "valid", "1.5", "2.5", "4"} {
		assert.Contains(t, said, want)
	}
	assert.Regexp(t, `d="M[\d.]+ [\d.]+(L[\d.]+ [\d.]+){2}"`, c.SVG(), "three finite points of one line")
	assert.Regexp(t, `d="M[\d.]+ [\d.]+"`, c.SVG(), "one of the other")
	assert.Contains(t, texts(t, draw.Chart{}.SVG()), "no finite points")
}
