package experiment

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"euryale/internal/plottext"
)

// palette are colours that colour-blind readers can tell apart (Okabe and Ito 2008), used again
// from the first on with dashed lines.
var palette = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222"}

// Sizes of a picture of curves, in pixels.
const (
	panelWidth, panelHeight = 300, 230 // inside the axes
	leftMargin, gap         = 62, 30
	textSize, legendLine    = 12, 18
	pictureWidth            = leftMargin + 3*panelWidth + 2*gap + 24
)

// viewerFont is how much wider a name can be in the font that a viewer has.
const viewerFont = 1.15

// drawCurves returns an SVG of the validation losses against steps, tokens and seconds: the mean
// of each group, in a band from its lowest to its highest run. The legend stands above the
// panels, so that it covers no curve.
func drawCurves(curves []curve) string {
	legend, rows := drawLegend(curves)
	top := float64(rows*legendLine + 16)
	height := top + panelHeight + 50
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%.0f" viewBox="0 0 %d %.0f"><rect width="100%%" height="100%%" fill="white"/>`,
		pictureWidth, height, pictureWidth, height)
	b.WriteString(legend)
	low, high := lossRange(curves)
	for axis := range axisNames {
		p := panel{left: float64(leftMargin + axis*(panelWidth+gap)), top: top, axis: axis, low: low, high: high, last: lastOf(curves, axis)}
		p.draw(&b, curves)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// drawLegend draws the names of the groups in rows, and returns the number of rows.
func drawLegend(curves []curve) (svg string, rows int) {
	var b strings.Builder
	x, y := float64(leftMargin), 16.0
	for i, c := range curves {
		l := plottext.Label{X: x + 30, Y: y + 4, Size: textSize}
		name := c.name
		if c.label != "" {
			name = c.label + "  " + name
		}
		name = fit(l, name)
		width := 30 + viewerFont*l.Width(name) + 26
		if x > leftMargin && x+width > pictureWidth {
			x, y = leftMargin, y+legendLine
			l.X, l.Y = x+30, y+4
		}
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/>`, x, y, x+24, y, stroke(i))
		b.WriteString(l.SVG(name))
		x += width
	}
	return b.String(), int(y-16)/legendLine + 1
}

// fit shortens a name that is wider than the picture, at its beginning.
func fit(l plottext.Label, name string) string {
	const widest = pictureWidth - leftMargin - 60
	if viewerFont*l.Width(name) <= widest {
		return name
	}
	r := []rune(name)
	for len(r) > 0 && viewerFont*l.Width("…"+string(r)) > widest {
		r = r[1:]
	}
	return "…" + string(r)
}

// stroke returns the attributes of a group's line.
func stroke(i int) string {
	s := fmt.Sprintf(`stroke="%s" stroke-width="2" fill="none"`, palette[i%len(palette)])
	if i >= len(palette) {
		s += ` stroke-dasharray="6 3"`
	}
	return s
}

// lossRange returns the range of losses that all panels show: what the curves have after their
// first quarter, so that a steep beginning does not flatten the rest.
func lossRange(curves []curve) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, c := range curves {
		for _, b := range c.axes {
			for i := range b.x {
				low = min(low, b.low[i])
				if i >= len(b.x)/4 {
					high = max(high, b.high[i])
				}
			}
		}
	}
	if low > high { // no curve
		return 0, 1
	}
	pad := 0.06 * (high - low)
	if pad == 0 {
		pad = 0.5
	}
	return low - pad, high + pad
}

// lastOf returns the last x of all curves.
func lastOf(curves []curve, axis int) (last float64) {
	for _, c := range curves {
		for _, x := range c.axes[axis].x {
			last = max(last, x)
		}
	}
	if last == 0 {
		return 1
	}
	return last
}

// panel is the plot against one axis, from 0 to last.
type panel struct {
	left, top       float64
	axis            int
	low, high, last float64
}

func (p *panel) x(v float64) float64 { return p.left + v/p.last*panelWidth }
func (p *panel) y(v float64) float64 {
	return p.top + panelHeight - (v-p.low)/(p.high-p.low)*panelHeight
}

// draw draws grid, labels and curves.
func (p *panel) draw(b *strings.Builder, curves []curve) {
	bottom := p.top + panelHeight
	for _, v := range ticks(p.low, p.high) {
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="#e6e6e6"/>`, p.left, p.left+panelWidth, p.y(v), p.y(v))
		if p.axis == 0 {
			b.WriteString(plottext.Label{X: p.left - 6, Y: p.y(v) + 4, Size: textSize, Anchor: "end"}.SVG(number(v)))
		}
	}
	for _, v := range ticks(0, p.last) {
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="#e6e6e6"/>`, p.x(v), p.x(v), p.top, bottom)
		b.WriteString(plottext.Label{X: p.x(v), Y: bottom + 16, Size: textSize, Anchor: "middle"}.SVG(number(v)))
	}
	b.WriteString(plottext.Label{X: p.left + panelWidth/2, Y: bottom + 38, Size: textSize, Anchor: "middle"}.SVG(axisNames[p.axis]))
	if p.axis == 0 {
		x, y := p.left-46, p.top+panelHeight/2
		b.WriteString(plottext.Label{X: x, Y: y, Size: textSize, Anchor: "middle", Turn: -90}.SVG("validation loss (nats per token)"))
	}
	// An inner picture shows nothing outside its frame.
	fmt.Fprintf(b, `<svg x="%.1f" y="%.1f" width="%d" height="%d" viewBox="%.1f %.1f %d %d">`,
		p.left, p.top, panelWidth, panelHeight, p.left, p.top, panelWidth, panelHeight)
	for i, c := range curves {
		p.curve(b, i, c.axes[p.axis])
	}
	fmt.Fprintf(b, `</svg><rect x="%.1f" y="%.1f" width="%d" height="%d" fill="none" stroke="#888888"/>`, p.left, p.top, panelWidth, panelHeight)
}

// curve draws the band of a group and its mean. A group with one point, such as a model that
// reads the text once, is a point on a dashed line.
func (p *panel) curve(b *strings.Builder, i int, c band) {
	color := palette[i%len(palette)]
	if len(c.x) == 1 {
		y := p.y(c.mean[0])
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s" stroke-dasharray="2 4"/><circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`,
			p.left, p.left+panelWidth, y, y, color, p.x(c.x[0]), y, color)
		return
	}
	var area, mean []string
	for k, x := range c.x {
		area = append(area, p.point(x, c.high[k]))
		mean = append(mean, p.point(x, c.mean[k]))
	}
	for k := len(c.x) - 1; k >= 0; k-- {
		area = append(area, p.point(c.x[k], c.low[k]))
	}
	fmt.Fprintf(b, `<polygon points="%s" fill="%s" fill-opacity="0.18"/><polyline points="%s" %s/>`,
		strings.Join(area, " "), color, strings.Join(mean, " "), stroke(i))
}

func (p *panel) point(x, y float64) string { return fmt.Sprintf("%.1f,%.1f", p.x(x), p.y(y)) }

// ticks returns three to seven multiples of 1, 2 or 5 times a power of ten.
func ticks(low, high float64) (all []float64) {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/3)))
	for _, m := range []float64{5, 2} {
		if (high-low)/(m*step) >= 3 {
			step *= m
			break
		}
	}
	for i := math.Ceil(low / step); i*step <= high; i++ {
		all = append(all, i*step)
	}
	return all
}

// number returns a tick's value, with k or M for thousands or millions.
func number(v float64) string {
	suffix := ""
	switch {
	case math.Abs(v) >= 1e6:
		v, suffix = v/1e6, "M"
	case math.Abs(v) >= 1e4:
		v, suffix = v/1e3, "k"
	}
	return strconv.FormatFloat(v, 'g', 6, 64) + suffix
}

// Curves is a picture of validation losses against steps, tokens and seconds.
type Curves struct{ svg string }

// SVG returns the picture. A notebook shows it.
func (c *Curves) SVG() string { return c.svg }

// Curves draws the validation losses of all groups during training.
func (c *Comparison) Curves() *Curves { return &Curves{drawCurves(c.curves)} }
