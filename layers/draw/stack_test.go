package draw

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Pictures are one below the other, in the width of the widest.
func TestStack(t *testing.T) {
	one := Map{Rows: []string{"a"}, Cols: []string{"b"}, Values: []float64{1}}.SVG()
	two := Map{Rows: []string{"a"}, Cols: strings.Split(strings.Repeat("x", 60), ""), Values: make([]float64, 60)}.SVG()
	both := Stack(one, two)
	var w, h, w1, h1, w2, h2 float64
	for _, x := range []struct {
		svg  string
		w, h *float64
	}{{one, &w1, &h1}, {two, &w2, &h2}, {both, &w, &h}} {
		*x.w, *x.h = size(x.svg)
	}
	assert.Equal(t, w2, w)
	assert.Equal(t, h1+h2, h)
	assert.Equal(t, 3, strings.Count(both, "</svg>"))
	assert.Panics(t, func() { Stack("<p>") })
}
