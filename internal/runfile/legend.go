//go:build !browser

package runfile

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// curves is a plot whose legend stands in a row below it, where no curve can be.
type curves struct {
	*plot.Plot
	legend []legendEntry
}

// legendEntry is what the legend says of a curve.
type legendEntry struct {
	text   string
	thumbs []plot.Thumbnailer
}

const (
	curveMargin = vg.Length(10)
	thumbWidth  = vg.Length(24)
	legendRow   = vg.Length(22) // height
	legendGap   = vg.Length(24) // between entries
	textGap     = vg.Length(6)  // between a line and its name
)

// fit makes the title's font smaller, or shortens the title, until it fits into the picture.
func (p *curves) fit(title string) string {
	const least = 8
	style, width := &p.Title.TextStyle, curveWidth-4*curveMargin
	for style.Width(title) > width && style.Font.Size > least {
		style.Font.Size--
	}
	if style.Width(title) <= width {
		return title
	}
	runes := []rune(title)
	for len(runes) > 0 && style.Width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// drawInside draws the plot with a margin, and the legend below it.
func (p *curves) drawInside(c draw.Canvas) {
	inner := draw.Crop(c, curveMargin, -curveMargin, curveMargin, -curveMargin)
	p.Draw(draw.Crop(inner, 0, 0, legendRow, 0))
	style := p.Legend.TextStyle
	style.YAlign = draw.YCenter
	width := -legendGap
	for _, e := range p.legend {
		width += thumbWidth + textGap + style.Width(e.text) + legendGap
	}
	x, y := (inner.Min.X+inner.Max.X-width)/2, inner.Min.Y+legendRow/2-textGap/2
	for _, e := range p.legend {
		thumb := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: x, Y: y - legendRow/4}, Max: vg.Point{X: x + thumbWidth, Y: y + legendRow/4}}}
		for _, t := range e.thumbs {
			t.Thumbnail(&thumb)
		}
		x += thumbWidth + textGap
		c.FillText(style, vg.Point{X: x, Y: y}, e.text)
		x += style.Width(e.text) + legendGap
	}
}
