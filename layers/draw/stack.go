package draw

import (
	"fmt"
	"strings"
)

// Stack returns pictures of this package as one, below each other.
func Stack(svgs ...string) string {
	var body strings.Builder
	width, height := 0.0, 0.0
	for _, svg := range svgs {
		w, h := size(svg)
		fmt.Fprintf(&body, "<g transform=\"translate(0 %.0f)\">%s</g>\n", height, svg)
		width, height = max(width, w), height+h
	}
	c := newCanvas(width, height)
	c.b.WriteString(body.String())
	return c.end()
}

// size returns the width and the height of a picture of this package.
func size(svg string) (w, h float64) {
	if _, err := fmt.Sscanf(svg, svgHead, &w, &h); err != nil {
		panic(fmt.Sprintf("draw: not a picture of this package: %.60q", svg))
	}
	return w, h
}
