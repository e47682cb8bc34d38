package experiment

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The mean and the range of runs are taken where all of them have a value, interpolated between
// their points.
func TestMerge(t *testing.T) {
	b := merge([]line{{[]float64{1, 2, 4}, []float64{4, 3, 1}}, {[]float64{2, 3, 6}, []float64{5, 4, 1}}})
	assert.Equal(t, []float64{2, 3, 4}, b.x)
	assert.Equal(t, []float64{4, 3, 2}, b.mean)
	assert.Equal(t, []float64{3, 2, 1}, b.low)
	assert.Equal(t, []float64{5, 4, 3}, b.high)
	assert.Empty(t, merge(nil).x)
}

var (
	word     = regexp.MustCompile(`<text x="([\d.]+)" y="([\d.]+)" text-anchor="start"`)
	panelBox = regexp.MustCompile(`<rect x="[\d.]+" y="([\d.]+)"`)
)

// The legend stands above the panels, each name in a place of its own, however many and however
// long they are; the picture is XML.
func TestLegendCoversNothing(t *testing.T) {
	var curves []curve
	for i := range 12 {
		c := curve{label: string(rune('A' + i)), name: strings.Repeat("learning-rate=0.001,", 1+i*i/8)}
		for a := range c.axes {
			c.axes[a] = band{[]float64{1, 2, 3}, []float64{3, 2, 1.5}, []float64{2, 1, 1}, []float64{4, 3, 2}}
		}
		curves = append(curves, c)
	}
	curves = append(curves, curve{name: "n-gram <&>", axes: [3]band{{[]float64{1}, []float64{2}, []float64{2}, []float64{2}}}})
	svg := drawCurves(curves)
	require.NoError(t, xml.Unmarshal([]byte(svg), new(struct{})))
	top, err := strconv.ParseFloat(panelBox.FindStringSubmatch(svg)[1], 64)
	require.NoError(t, err)
	places := map[string]bool{}
	for _, m := range word.FindAllStringSubmatch(svg, -1) {
		y, err := strconv.ParseFloat(m[2], 64)
		require.NoError(t, err)
		if assert.False(t, places[m[1]+","+m[2]], "two names in one place") && y < top {
			places[m[1]+","+m[2]] = true
		}
	}
	assert.Len(t, places, len(curves)-strings.Count(svg, "<path role"), "all of them above the panels")
	assert.NotContains(t, svg, "NaN")
}

func TestPictureOfNothing(t *testing.T) {
	assert.NotContains(t, drawCurves([]curve{{name: "no evaluation"}}), "NaN")
}

func TestTicks(t *testing.T) {
	assert.InDeltaSlice(t, []float64{2.6, 2.8, 3, 3.2}, ticks(2.55, 3.25), 1e-9)
	assert.InDeltaSlice(t, []float64{0, 100, 200, 300}, ticks(0, 300), 1e-9)
	assert.Equal(t, "1.5M", number(1_500_000))
	assert.Equal(t, "50k", number(50_000))
	assert.Equal(t, "0.3", number(0.1+0.2))
}
