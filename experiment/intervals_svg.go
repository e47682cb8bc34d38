package experiment

import (
	"fmt"
	"math"
	"strings"

	"euryale/internal/plottext"
)

// drawIntervals returns an SVG of the differences with their confidence intervals, one row each.
// Losses and scores have scales of their own, with 0 in common.
func drawIntervals(verdicts []Verdict) string {
	const left, width, row, top = 190, 520, 26, 26
	widest := map[string]float64{}
	for _, v := range verdicts {
		widest[v.Unit] = max(widest[v.Unit], math.Abs(v.Gain)+v.Half)
	}
	height := top + row*len(verdicts) + 8
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="980" height="%d" viewBox="0 0 980 %d"><rect width="100%%" height="100%%" fill="white"/>`, height, height)
	zero := float64(left + width/2)
	fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#888888"/>`, zero, zero, top-6, height)
	b.WriteString(plottext.Label{X: zero - 8, Y: 14, Size: textSize, Anchor: "end"}.SVG("← A is better"))
	b.WriteString(plottext.Label{X: zero + 8, Y: 14, Size: textSize}.SVG("the other is better →"))
	for i, v := range verdicts {
		y := float64(top + row*i + row/2)
		scale := 0.0
		if w := widest[v.Unit]; w > 0 {
			scale = (width/2 - 4) / w
		}
		at := func(gain float64) float64 { return zero + scale*gain }
		color := "#888888"
		if v.Better() != "" {
			color = palette[0]
		}
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s" stroke-width="3"/><circle cx="%.1f" cy="%.1f" r="5" fill="%s"/>`,
			at(v.Gain-v.Half), at(v.Gain+v.Half), y, y, color, at(v.Gain), y, color)
		b.WriteString(plottext.Label{X: left - 10, Y: y + 4, Size: textSize, Anchor: "end"}.SVG(fmt.Sprintf("%s, %s and %s", v.Measure, v.A, v.B)))
		b.WriteString(plottext.Label{X: left + width + 14, Y: y + 4, Size: textSize}.SVG(v.amount()))
	}
	b.WriteString("</svg>\n")
	return b.String()
}
