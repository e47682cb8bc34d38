//go:build !browser

// Package plottext draws text with Chinese characters on gonum plots, whose fonts do not have
// them. It does not use system fonts, so that plots look the same on all machines.
package plottext

import (
	"math"
	"strings"
	"unicode"

	"github.com/hajimehoshi/bitmapfont/v3"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// Mixed is a text handler for gonum plots. It draws characters of the plot's font in that font,
// and others, such as Chinese, in the 12-pixel bitmap font of
// github.com/hajimehoshi/bitmapfont, one em wide. Sizes in multiples of 12 points at 72·n DPI
// look best, because font pixels are then whole dots. Characters that neither font has are
// drawn as boxes.
type Mixed struct {
	text.Plain
	// AsText writes each line as one text element of a vector format, which the viewer draws with
	// its own fonts. The width is computed as if Mixed drew it.
	AsText bool
}

// emPixels is the size of the bitmap font: the width of a Chinese character in pixels.
const emPixels = 12

// New returns a handler with the fonts of gonum plot.
func New() Mixed { return Mixed{Plain: text.Plain{Fonts: plot.DefaultTextHandler.Cache()}} }

// Missing returns the distinct characters of s that Mixed draws as boxes.
func (m Mixed) Missing(s string, fnt font.Font) string {
	var out strings.Builder
	for _, p := range m.pieces(s, fnt) {
		if p.vector {
			continue
		}
		for _, r := range p.text {
			if !known(r) && !strings.ContainsRune(out.String(), r) {
				out.WriteRune(r)
			}
		}
	}
	return out.String()
}

// Box returns the width, height and depth of a line.
func (m Mixed) Box(line string, fnt font.Font) (width, height, depth vg.Length) {
	_, height, depth = m.Plain.Box("", fnt)
	for _, p := range m.pieces(line, fnt) {
		width += p.width
	}
	return width, height, depth
}

// Draw draws one or more lines at pt, with the alignment and rotation of sty.
func (m Mixed) Draw(c vg.Canvas, txt string, sty text.Style, pt vg.Point) {
	sty.Handler = m // for sty.Height below
	c.SetColor(sty.Color)
	c.Push()
	defer c.Pop()
	c.Translate(rounded(pt))
	c.Rotate(sty.Rotation)
	face := m.Fonts.Lookup(sty.Font, sty.Font.Size)
	lines := m.Lines(txt)
	y := sty.Height(txt)*vg.Length(sty.YAlign) - face.Extents().Ascent
	for i, line := range lines {
		width, _, _ := m.Box(line, sty.Font)
		at := vg.Point{X: vg.Length(sty.XAlign) * width, Y: y + vg.Length(len(lines)-i)*sty.Font.Size}
		if m.AsText {
			c.FillString(face, at, line)
			continue
		}
		for _, p := range m.pieces(line, sty.Font) {
			if p.vector {
				c.FillString(face, at, p.text)
			} else {
				fillBitmap(c, at, p.text, sty.Font.Size)
			}
			at.X += p.width
		}
	}
}

// piece is a run of characters that are drawn in the same font.
type piece struct {
	text   string
	vector bool // in the plot's font; else in the bitmap font
	width  vg.Length
}

func (m Mixed) pieces(line string, fnt font.Font) (out []piece) {
	face := m.Fonts.Lookup(fnt, fnt.Size)
	var buf sfnt.Buffer
	for _, r := range line {
		g, err := face.Face.GlyphIndex(&buf, r)
		vector := err == nil && g != 0
		if n := len(out); n > 0 && out[n-1].vector == vector {
			out[n-1].text += string(r)
		} else {
			out = append(out, piece{text: string(r), vector: vector})
		}
	}
	for i, p := range out {
		if p.vector {
			out[i].width = face.Width(p.text)
		} else {
			out[i].width = fnt.Size * vg.Length(len([]rune(p.text)))
		}
	}
	return out
}

// known reports whether the bitmap font has r: a glyph with pixels, or a space.
func known(r rune) bool {
	some := unicode.IsSpace(r)
	pixels(r, func(int, int, int) { some = true })
	return some
}

// pixels calls each for the horizontal runs of set pixels of r: from x0 to x1−1 in row y, which
// is relative to the baseline and negative above it.
func pixels(r rune, each func(x0, x1, y int)) {
	dr, mask, at, _, ok := bitmapfont.FaceSC.Glyph(fixed.Point26_6{}, r)
	if !ok {
		return
	}
	set := func(x, y int) bool {
		_, _, _, a := mask.At(at.X+x-dr.Min.X, at.Y+y-dr.Min.Y).RGBA()
		return x < dr.Max.X && a > 0
	}
	for y := dr.Min.Y; y < dr.Max.Y; y++ {
		for x := dr.Min.X; x < dr.Max.X; x++ {
			begin := x
			for set(x, y) {
				x++
			}
			if x > begin {
				each(begin, x, y)
			}
		}
	}
}

// fillBitmap draws the characters of s; at is the left end of their baseline.
func fillBitmap(c vg.Canvas, at vg.Point, s string, size vg.Length) {
	pixel := size / emPixels
	at = rounded(at)
	for _, r := range s {
		fill := func(x0, x1, y int) {
			left, right := at.X+pixel*vg.Length(x0), at.X+pixel*vg.Length(x1)
			bottom, top := at.Y-pixel*vg.Length(y+1), at.Y-pixel*vg.Length(y)
			c.Fill(vg.Rectangle{Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: right, Y: top}}.Path())
		}
		if known(r) {
			pixels(r, fill)
		} else {
			box(fill)
		}
		at.X += size
	}
}

// rounded returns the nearest point with integer coordinates, so that font pixels are whole dots.
func rounded(p vg.Point) vg.Point {
	return vg.Point{X: vg.Length(math.Round(float64(p.X))), Y: vg.Length(math.Round(float64(p.Y)))}
}

// box draws an empty square, for a character that no font has.
func box(fill func(x0, x1, y int)) {
	const side = 10
	fill(1, side+1, -side)
	for y := 1 - side; y < -1; y++ {
		fill(1, 2, y)
		fill(side, side+1, y)
	}
	fill(1, side+1, -1)
}
