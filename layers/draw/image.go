package draw

import (
	"encoding/base64"
	"fmt"
	"html"
)

// Image returns an HTML image of an SVG, with a text for where it is not shown. Notebooks that are
// not trusted show images, and no SVG elements.
func Image(svg, alt string) string {
	return fmt.Sprintf(`<img alt="%s" src="data:image/svg+xml;base64,%s">`, html.EscapeString(alt), base64.StdEncoding.EncodeToString([]byte(svg)))
}

// String returns the title and the size of the chart's series, and not their numbers.
func (ch Chart) String() string {
	points := 0
	for _, s := range ch.Series {
		points += len(s.Y)
	}
	return fmt.Sprintf("chart %q: %d series, %d points", ch.Title, len(ch.Series), points)
}
