package draw

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"euryale/internal/plottext"
)

// Shaded is a text whose tokens are shaded by a number each.
type Shaded struct {
	Title     string
	Pieces    []string  // the texts of the tokens, which may be parts of characters
	Values    []float64 // of the tokens, from 0 to 1; NaN: not shaded
	Low, High string    // what 0 and 1 mean
}

const (
	shadedW    = 760.0
	shadedSize = 13.0
	shadedLine = 22.0
)

// SVG returns the text in lines, with a legend. A token that begins a character and does not end it is drawn
// with those that follow, shaded by their mean.
func (s Shaded) SVG() string {
	c := &canvas{}
	x, y := margin, 76.0
	for _, t := range s.whole() {
		for i, part := range strings.Split(t.text, "\n") {
			if i > 0 {
				x, y = margin, y+shadedLine
			}
			l := plottext.Label{X: x, Y: y, Size: shadedSize, Color: inkColor}
			w := l.Width(part)
			if x+w > shadedW-margin && x > margin {
				x, y = margin, y+shadedLine
				l.X, l.Y = x, y
			}
			if part != "" {
				c.shaded(l, part, w, t.value)
			}
			x += w
		}
	}
	height := y + shadedLine
	all := newCanvas(shadedW, height)
	all.text(plottext.Label{X: margin, Y: 24, Size: 12, Bold: true, Color: inkColor}, s.Title)
	x = margin
	for _, entry := range []struct {
		value float64
		what  string
	}{{0, s.Low}, {1, s.High}, {math.NaN(), "not counted"}} {
		l := plottext.Label{X: x + 22, Y: 48, Size: 11, Color: inkColor}
		all.rect(x, 38, 16, 13, 2, tint(entry.value), "#bbbbbb")
		all.text(l, entry.what)
		x += 22 + 1.15*l.Width(entry.what) + 16
	}
	all.b.WriteString(c.b.String())
	return all.end()
}

// shaded draws a token on its colour.
func (c *canvas) shaded(l plottext.Label, text string, w, value float64) {
	if !math.IsNaN(value) {
		fmt.Fprintf(&c.b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"><title>%.2f</title></rect>\n",
			l.X, l.Y-shadedSize, w, shadedLine-3, tint(value), value)
	}
	c.text(l, text)
}

// tint returns the colour of a value from 0, red, over 1/2, white, to 1, green; white for NaN.
func tint(v float64) string {
	if math.IsNaN(v) {
		return "#ffffff"
	}
	v = 2*max(0, min(1, v)) - 1
	to := [3]float64{0x7f, 0xd0, 0x9a}
	if v < 0 {
		to = [3]float64{0xf2, 0xa0, 0x94}
	}
	mix := func(i int) int { return int(math.Round(255 + math.Abs(v)*(to[i]-255))) }
	return fmt.Sprintf("#%02x%02x%02x", mix(0), mix(1), mix(2))
}

// shadedText is one or more tokens that are whole characters.
type shadedText struct {
	text  string
	value float64
}

// whole joins tokens that are parts of a character.
func (s Shaded) whole() (all []shadedText) {
	text, sum, n := "", 0.0, 0
	for i, piece := range s.Pieces {
		text += piece
		if v := s.Values[i]; !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
		if utf8.ValidString(text) || len(text) >= utf8.UTFMax {
			all = append(all, shadedText{text, sum / float64(n)}) // NaN if none has a value
			text, sum, n = "", 0, 0
		}
	}
	if text != "" {
		all = append(all, shadedText{text, sum / float64(n)})
	}
	return all
}
