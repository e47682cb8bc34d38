//go:build !browser

package plottext

import (
	"cmp"
	"fmt"
	"html"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// chineseFamily are fonts for characters that the bitmap font does not have.
const chineseFamily = "Noto Sans CJK SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, WenQuanYi Micro Hei, sans-serif"

var svgHandler = New()

func (l Label) font() font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Length(l.Size)}
	if l.Bold {
		f.Weight = xfont.WeightBold
	}
	return f
}

// Width returns the width of s in pixels.
func (l Label) Width(s string) float64 {
	w := 0.0
	for _, p := range svgHandler.pieces(Printable(s), l.font()) {
		w += float64(p.width)
	}
	return w
}

// SVG returns the SVG element that shows s. The viewer aligns a line without Chinese, because it
// may have another font; the pieces of a mixed line are scaled to their Width.
func (l Label) SVG(s string) string {
	s = Printable(s)
	if l.Color == "" {
		l.Color = "black"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<g fill=%q font-family="%s" font-size="%.4g"`, l.Color, svgFamily, l.Size)
	if l.Bold {
		b.WriteString(` font-weight="bold"`)
	}
	if l.Turn != 0 {
		fmt.Fprintf(&b, ` transform="rotate(%.4g %.5g %.5g)"`, l.Turn, l.X, l.Y)
	}
	b.WriteString(">")
	l.pieces(&b, svgHandler.pieces(s, l.font()))
	b.WriteString("</g>")
	return b.String()
}

func (l Label) pieces(b *strings.Builder, pieces []piece) {
	if len(pieces) == 1 && pieces[0].vector {
		fmt.Fprintf(b, `<text x="%.6g" y="%.6g" text-anchor="%s" xml:space="preserve">%s</text>`, l.X, l.Y, cmp.Or(l.Anchor, "start"), html.EscapeString(pieces[0].text))
		return
	}
	x, width := l.X, 0.0
	for _, p := range pieces {
		width += float64(p.width)
	}
	switch l.Anchor {
	case "middle":
		x -= width / 2
	case "end":
		x -= width
	}
	for _, p := range pieces {
		if p.vector {
			fmt.Fprintf(b, `<text x="%.6g" y="%.6g" textLength="%.5g" lengthAdjust="spacingAndGlyphs" xml:space="preserve">%s</text>`,
				x, l.Y, float64(p.width), html.EscapeString(p.text))
		} else {
			l.bitmap(b, x, p.text)
		}
		x += float64(p.width)
	}
}

// bitmap writes s as one path, with the text as its label, for search and screen readers. The
// viewer draws characters that the bitmap font does not have.
func (l Label) bitmap(b *strings.Builder, x float64, s string) {
	pixel := l.Size / emPixels
	var path, rare strings.Builder
	for _, r := range s {
		if known(r) {
			pixels(r, func(x0, x1, y int) {
				fmt.Fprintf(&path, "M%.5g %.5gh%.4gv%.3gh%.4gz", x+pixel*float64(x0), l.Y+pixel*float64(y), pixel*float64(x1-x0), pixel, -pixel*float64(x1-x0))
			})
		} else {
			fmt.Fprintf(&rare, `<text x="%.6g" y="%.6g" font-family="%s">%s</text>`, x, l.Y, chineseFamily, html.EscapeString(string(r)))
		}
		x += l.Size
	}
	fmt.Fprintf(b, `<path role="img" aria-label="%s" d="%s"/>%s`, html.EscapeString(s), path.String(), rare.String())
}
