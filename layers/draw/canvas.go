package draw

import (
	"fmt"
	"strings"

	"euryale/internal/plottext"
)

// canvas writes an SVG.
type canvas struct{ b strings.Builder }

// svgHead is how every picture begins, with its width and height.
const svgHead = `<svg xmlns="http://www.w3.org/2000/svg" width="%f" height="%f"`

func newCanvas(w, h float64) *canvas {
	c := &canvas{}
	fmt.Fprintf(&c.b, strings.ReplaceAll(svgHead, "%f", "%.0f")+` viewBox="0 0 %.0f %.0f">`, w, h, w, h)
	c.b.WriteString("\n<defs>")
	for _, color := range []string{forwardColor, backwardColor, acrossColor} {
		fmt.Fprintf(&c.b, `<marker id="a%s" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.5L8 4L0 7.5z" fill="%s"/></marker>`, color[1:], color)
	}
	c.b.WriteString("</defs>\n")
	c.rect(0, 0, w, h, 0, "white", "none")
	return c
}

func (c *canvas) end() string {
	c.b.WriteString("</svg>\n")
	return c.b.String()
}

func (c *canvas) rect(x, y, w, h, round float64, fill, line string) {
	fmt.Fprintf(&c.b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.0f\" fill=\"%s\" stroke=\"%s\"/>\n", x, y, w, h, round, fill, line)
}

// path draws a line with an arrow at its end.
func (c *canvas) path(d, color string, dashed bool) {
	dash := ""
	if dashed {
		dash = ` stroke-dasharray="3 3"`
	}
	fmt.Fprintf(&c.b, "<path d=\"%s\" fill=\"none\" stroke=\"%s\"%s marker-end=\"url(#a%s)\"/>\n", d, color, dash, color[1:])
}

func (c *canvas) text(l plottext.Label, s string) {
	c.b.WriteString(l.SVG(s))
	c.b.WriteString("\n")
}

// legend draws the legend of a graph's colours.
func (c *canvas) legend(p *Picture) {
	x := margin
	entry := func(color, what string) {
		c.path(fmt.Sprintf("M%.1f %.1f L%.1f %.1f", x, margin, x+22, margin), color, color == acrossColor)
		l := plottext.Label{X: x + 28, Y: margin + 4, Size: fontSize, Color: faintColor}
		c.text(l, what)
		x += 28 + l.Width(what) + 16
	}
	entry(forwardColor, "forward")
	for _, b := range p.boxes {
		if b.backward {
			entry(backwardColor, "derivative")
			entry(acrossColor, "read by it")
			break
		}
	}
}
