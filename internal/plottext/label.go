package plottext

import (
	"strings"
	"unicode"
)

// Label is a line of text in an SVG. Characters that are not in the Latin font are drawn in the
// bitmap font, as a path, so that Chinese is shown on machines without a Chinese font.
type Label struct {
	X, Y   float64 // of the baseline, in pixels
	Size   float64 // of the font in pixels; multiples of 12 look best
	Anchor string  // the point of the line at X: "start" (default), "middle" or "end"
	Color  string  // default "black"
	Bold   bool
	Turn   float64 // degrees, clockwise about (X, Y)
}

// svgFamily is the Latin font and its substitutes.
const svgFamily = "Liberation Sans, Arial, Helvetica, sans-serif"

// Printable replaces characters that are not allowed in SVG by spaces, and invalid UTF-8 by U+FFFD.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
