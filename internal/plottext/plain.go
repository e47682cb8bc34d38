//go:build browser

package plottext

import (
	"cmp"
	"fmt"
	"html"
	"unicode/utf8"
)

// Programs for a browser have no fonts, which would be most of their size: the browser has its own, and the
// width of a text is an estimate.

// Width returns the estimated width of s in pixels.
func (l Label) Width(s string) float64 { return 0.6 * l.Size * float64(utf8.RuneCountInString(s)) }

// SVG returns the SVG element that shows s.
func (l Label) SVG(s string) string {
	weight, turn := "normal", ""
	if l.Bold {
		weight = "bold"
	}
	if l.Turn != 0 {
		turn = fmt.Sprintf(` transform="rotate(%.4g %.5g %.5g)"`, l.Turn, l.X, l.Y)
	}
	return fmt.Sprintf(`<text x="%.6g" y="%.6g" fill=%q font-family=%q font-size="%.4g" font-weight=%q text-anchor=%q%s xml:space="preserve">%s</text>`,
		l.X, l.Y, cmp.Or(l.Color, "black"), svgFamily, l.Size, weight, cmp.Or(l.Anchor, "start"), turn, html.EscapeString(Printable(s)))
}
