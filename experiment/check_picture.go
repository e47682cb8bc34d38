package experiment

import (
	"fmt"
	"math"
	"strings"

	"euryale/internal/plottext"
)

// Geometry and colours of the picture of scales, in pixels.
const (
	rowHeight                   = 18
	barWidth, margin, columnGap = 230, 12, 40
	valueColor, badColor        = "#0072b2", "#cc3311"
	gradientColor, gridGray     = "#d55e00", "#dddddd"
)

// SVG returns a picture of the scale of layers at the start of training: a row for each layer in
// the order of the pass, with bars for the spread of its values and the size of its gradients on
// logarithmic axes, and its share of dead units. Layers with findings are red. It is "" if there
// are no layers.
func (r *Report) SVG() string {
	if len(r.Layers) == 0 {
		return ""
	}
	bad, left := map[string]bool{}, 0.0
	for _, f := range r.Findings {
		bad[f.Layer] = true
	}
	for _, l := range r.Layers {
		left = max(left, plottext.Label{Size: textSize}.Width(nameOrModel(l.Layer)))
	}
	left = viewerFont*left + 2*margin
	values := newAxis(left, r.Layers, func(l LayerScale) float64 { return l.Spread })
	gradients := newAxis(left+barWidth+columnGap, r.Layers, func(l LayerScale) float64 { return l.Gradient })
	deadX := gradients.x + barWidth + columnGap
	top, bottom := 64.0, 64+rowHeight*float64(len(r.Layers))
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f">`, deadX+90, bottom+margin)
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>`)
	b.WriteString(plottext.Label{X: margin, Y: 22, Size: textSize + 2, Bold: true}.SVG(r.Model + ": scale at the start of training"))
	values.draw(&b, "spread of values", top, bottom)
	gradients.draw(&b, "gradient (root mean square)", top, bottom)
	b.WriteString(plottext.Label{X: deadX, Y: 42, Size: textSize, Bold: true}.SVG("dead units"))
	for i, l := range r.Layers {
		y := top + rowHeight*float64(i)
		color, first, second := "black", valueColor, gradientColor
		if bad[l.Layer] {
			color, first, second = badColor, badColor, badColor
		}
		b.WriteString(plottext.Label{X: left - margin, Y: y + 13, Size: textSize, Anchor: "end", Color: color}.SVG(nameOrModel(l.Layer)))
		values.bar(&b, l.Spread, y, first)
		gradients.bar(&b, l.Gradient, y, second)
		b.WriteString(plottext.Label{X: deadX, Y: y + 13, Size: textSize, Color: color}.SVG(fmt.Sprintf("%.0f%%", 100*l.Dead)))
	}
	b.WriteString("</svg>")
	return b.String()
}

// axis is a logarithmic axis of powers of ten.
type axis struct {
	x      float64
	lo, hi int // exponents
}

// newAxis returns an axis that shows the values of all layers but zeros.
func newAxis(x float64, layers []LayerScale, value func(LayerScale) float64) axis {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, l := range layers {
		if v := math.Log10(value(l)); !math.IsInf(v, 0) && !math.IsNaN(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > hi {
		lo, hi = 0, 1
	}
	return axis{x, int(math.Floor(lo - 0.1)), max(int(math.Floor(lo-0.1))+1, int(math.Ceil(hi)))}
}

// draw writes the title, and a line for each power of ten or every few.
func (a axis) draw(b *strings.Builder, title string, top, bottom float64) {
	b.WriteString(plottext.Label{X: a.x, Y: 42, Size: textSize, Bold: true}.SVG(title))
	every := (a.hi-a.lo)/5 + 1
	for e := a.lo; e <= a.hi; e += every {
		x := a.at(float64(e))
		fmt.Fprintf(b, `<path d="M%.1f %.1fV%.1f" stroke="%s"/>`, x, top, bottom, gridGray)
		b.WriteString(plottext.Label{X: x, Y: 58, Size: 10, Anchor: "middle", Color: "#666666"}.SVG(fmt.Sprintf("%.3g", math.Pow(10, float64(e)))))
	}
}

// at returns the position of a power of ten.
func (a axis) at(exponent float64) float64 {
	return a.x + barWidth*(exponent-float64(a.lo))/float64(a.hi-a.lo)
}

// bar writes the bar of a value, none for zero; one that is not finite fills the axis.
func (a axis) bar(b *strings.Builder, v, y float64, color string) {
	end := a.at(math.Log10(v))
	switch {
	case v == 0:
		return
	case math.IsNaN(end) || math.IsInf(end, 0):
		end = a.x + barWidth
	}
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s"/>`, a.x, y+3, max(1, end-a.x), rowHeight-6, color)
}
