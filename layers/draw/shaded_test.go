package draw

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Tokens that are parts of a character are drawn with those that complete it; what has no value is not shaded.
func TestShaded(t *testing.T) {
	s := Shaded{Title: "t", Pieces: []string{"To", " be<", "\xe6\x98", "\xa5", "\n", "x"}, Values: []float64{1, 0, 1, 0, math.NaN(), math.NaN()}, Low: "red", High: "green"}
	whole := s.whole()
	assert.Equal(t, "春", whole[2].text)
	assert.Equal(t, 0.5, whole[2].value)
	assert.Len(t, whole, 5)
	svg := s.SVG()
	assert.Equal(t, 3, strings.Count(svg, "<title>"))
	assert.Contains(t, svg, `fill="#7fd09a"><title>1.00`)
	assert.Contains(t, svg, `fill="#f2a094"><title>0.00`)
	assert.Contains(t, svg, `fill="#ffffff"><title>0.50`)
	assert.Contains(t, svg, " be&lt;")
	long := Shaded{Pieces: make([]string, 300), Values: make([]float64, 300)}
	for i := range long.Pieces {
		long.Pieces[i] = "word "
	}
	assert.Contains(t, long.SVG(), `width="760"`)
	assert.NotContains(t, long.SVG(), `x="75`, "lines break before the margin")
	assert.Equal(t, "\xe6", Shaded{Pieces: []string{"\xe6"}, Values: []float64{1}}.whole()[0].text)
}
