package draw

import (
	"fmt"
	"math"
	"strconv"

	"euryale/internal/plottext"
)

// Series is a line of a chart. Points that are not finite are skipped.
type Series struct {
	Name string
	X, Y []float64 // of equal lengths; a nil X is 1, 2, 3 …
}

// Chart is a line chart.
type Chart struct {
	Title, XLabel, YLabel string
	Series                []Series
}

const (
	chartW, chartH   = 640.0, 320.0
	chartLeft        = 64.0
	chartTop         = 44.0
	chartBottom      = 44.0
	chartRightMargin = 24.0
)

// chartColors are those of Okabe and Ito (2008).
var chartColors = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"}

// SVG returns the chart with axes and a legend.
func (ch Chart) SVG() string {
	c := newCanvas(chartW, chartH)
	c.text(plottext.Label{X: chartLeft, Y: 18, Size: 12, Bold: true, Color: inkColor}, ch.Title)
	f, ok := ch.fit()
	if !ok {
		c.text(plottext.Label{X: chartW / 2, Y: chartH / 2, Size: 12, Anchor: "middle", Color: faintColor}, "no finite points")
		return c.end()
	}
	ch.axes(c, f)
	x := chartLeft
	for i, s := range ch.Series {
		color := chartColors[i%len(chartColors)]
		c.line(f, s, color)
		c.rect(x, 28, 14, 3, 0, color, "none")
		l := plottext.Label{X: x + 18, Y: 34, Size: 11, Color: inkColor}
		c.text(l, s.Name)
		x += 18 + l.Width(s.Name)*1.15 + 14
	}
	return c.end()
}

// frame maps points to pixels.
type frame struct{ x0, x1, y0, y1 float64 }

func (f frame) x(v float64) float64 {
	return chartLeft + (v-f.x0)/(f.x1-f.x0)*(chartW-chartLeft-chartRightMargin)
}

func (f frame) y(v float64) float64 {
	return chartH - chartBottom - (v-f.y0)/(f.y1-f.y0)*(chartH-chartTop-chartBottom)
}

// fit returns the frame of all finite points, and whether there are any.
func (ch Chart) fit() (frame, bool) {
	inf := math.Inf(1)
	f := frame{inf, -inf, inf, -inf}
	for _, s := range ch.Series {
		s.each(func(x, y float64) {
			f.x0, f.x1, f.y0, f.y1 = min(f.x0, x), max(f.x1, x), min(f.y0, y), max(f.y1, y)
		})
	}
	if f.x0 > f.x1 {
		return f, false
	}
	if f.x0 == f.x1 {
		f.x0, f.x1 = f.x0-1, f.x1+1
	}
	if f.y0 == f.y1 {
		f.y0, f.y1 = f.y0-1, f.y1+1
	}
	return f, true
}

// each calls f for the finite points.
func (s Series) each(f func(x, y float64)) {
	for i, y := range s.Y {
		x := float64(i + 1)
		if i < len(s.X) {
			x = s.X[i]
		}
		if !math.IsNaN(x+y) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
			f(x, y)
		}
	}
}

func (ch Chart) axes(c *canvas, f frame) {
	for _, v := range ticks(f.y0, f.y1) {
		c.rect(chartLeft, f.y(v), chartW-chartLeft-chartRightMargin, 0.6, 0, "#e6e6e6", "none")
		c.text(plottext.Label{X: chartLeft - 6, Y: f.y(v) + 4, Size: 11, Anchor: "end", Color: faintColor}, number(v))
	}
	for _, v := range ticks(f.x0, f.x1) {
		c.rect(f.x(v), chartTop, 0.6, chartH-chartTop-chartBottom, 0, "#e6e6e6", "none")
		c.text(plottext.Label{X: f.x(v), Y: chartH - chartBottom + 15, Size: 11, Anchor: "middle", Color: faintColor}, number(v))
	}
	c.text(plottext.Label{X: chartLeft + (chartW-chartLeft-chartRightMargin)/2, Y: chartH - 10, Size: 12, Anchor: "middle", Color: inkColor}, ch.XLabel)
	c.text(plottext.Label{X: 16, Y: chartTop + (chartH-chartTop-chartBottom)/2, Size: 12, Anchor: "middle", Color: inkColor, Turn: -90}, ch.YLabel)
}

// line draws a series.
func (c *canvas) line(f frame, s Series, color string) {
	verb := "M"
	fmt.Fprintf(&c.b, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" stroke-linejoin=\"round\" d=\"", color)
	s.each(func(x, y float64) {
		fmt.Fprintf(&c.b, "%s%.1f %.1f", verb, f.x(x), f.y(y))
		verb = "L"
	})
	c.b.WriteString("\"/>\n")
}

// ticks returns four to ten multiples of 1, 2 or 5 times a power of ten.
func ticks(low, high float64) (at []float64) {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, m := range []float64{5, 2} {
		if (high-low)/(m*step) >= 4 {
			step *= m
			break
		}
	}
	first := math.Ceil(low / step)
	for i := 0; (first+float64(i))*step <= high && i < 12; i++ {
		at = append(at, (first+float64(i))*step)
	}
	return at
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
