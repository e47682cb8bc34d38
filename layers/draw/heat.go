package draw

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"euryale/internal/plottext"
)

// Map is a matrix as a heat map: attention weights, the gates of a recurrent layer.
type Map struct {
	Title      string
	Rows, Cols []string  // labels; white space is made visible
	Values     []float64 // row by row
	Cells      []string  // text in each cell, row by row; or nil
}

// Maps is several heat maps side by side with one colour scale.
type Maps struct {
	Title  string
	Each   []Map
	Across int     // maps in a row; 0: all
	Most   float64 // absolute value of the darkest colour; 0: the largest
}

// SVG returns the map with labels and a colour scale.
func (m Map) SVG() string { return Maps{Each: []Map{m}}.SVG() }

// Sizes of maps in pixels.
const (
	cellSize     = 14.0
	labelSize    = 12.0
	cellTextSize = 10.0
	mapGap       = 26.0
	scaleBar     = 120.0
)

// SVG returns the maps with labels and a colour scale: 0 is white, positive blue, negative orange.
func (m Maps) SVG() string {
	across := m.Across
	if across < 1 {
		across = len(m.Each)
	}
	most := m.Most
	if most == 0 {
		most = m.largest()
	}
	y, width := margin+labelSize+12, scaleBar+160.0
	if m.Title != "" {
		y += 20
		width = max(width, plottext.Label{Size: labelSize, Bold: true}.Width(m.Title)*1.15+2*margin)
	}
	body := newCanvas(0, 0)
	body.b.Reset()
	for i := 0; i < len(m.Each); i += across {
		x, deepest := margin, 0.0
		for _, one := range m.Each[i:min(i+across, len(m.Each))] {
			w, h := one.draw(body, x, y, most)
			x, deepest = x+w+mapGap, max(deepest, h)
		}
		width, y = max(width, x-mapGap+margin), y+deepest+mapGap
	}
	c := newCanvas(width, y)
	top := margin + labelSize
	if m.Title != "" {
		c.text(plottext.Label{X: margin, Y: top, Size: labelSize, Bold: true, Color: inkColor}, m.Title)
		top += 20
	}
	c.scale(margin, top-10, most, m.negative())
	c.b.WriteString(body.b.String())
	return c.end()
}

func (m Maps) largest() float64 {
	most := 0.0
	for _, one := range m.Each {
		for _, v := range one.Values {
			if !math.IsInf(v, 0) { // max ignores NaN
				most = max(most, math.Abs(nonNaN(v)))
			}
		}
	}
	if most == 0 {
		return 1
	}
	return most
}

func (m Maps) negative() bool {
	for _, one := range m.Each {
		for _, v := range one.Values {
			if v < 0 {
				return true
			}
		}
	}
	return false
}

func nonNaN(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// draw draws a map with its upper left corner at (x, y), and returns its size.
func (m Map) draw(c *canvas, x, y, most float64) (w, h float64) {
	label := plottext.Label{Size: labelSize, Color: inkColor}
	left, above, turned := 0.0, labelSize+4, false
	for _, r := range m.Rows {
		left = max(left, label.Width(visible(r))*1.15+6)
	}
	for _, col := range m.Cols {
		if w := label.Width(visible(col)); w > m.cellWidth() {
			turned, above = true, max(above, w*1.15+8)
		}
	}
	title := 0.0
	if m.Title != "" {
		title = labelSize + 8
		c.text(plottext.Label{X: x + left, Y: y + labelSize, Size: labelSize, Bold: true, Color: inkColor}, m.Title)
	}
	x0, y0 := x+left, y+title+above
	for i, r := range m.Rows {
		label.X, label.Y, label.Anchor = x0-4, y0+(float64(i)+0.8)*cellSize, "end"
		c.text(label, visible(r))
	}
	for j, col := range m.Cols {
		label.X, label.Y, label.Anchor, label.Turn = x0+(float64(j)+0.5)*m.cellWidth(), y0-4, "middle", 0
		if turned {
			label.X, label.Anchor, label.Turn = label.X+4, "start", -90
		}
		c.text(label, visible(col))
	}
	w, h = float64(len(m.Cols))*m.cellWidth(), float64(len(m.Rows))*cellSize
	m.cells(c, x0, y0, most)
	m.texts(c, x0, y0, most)
	c.rect(x0, y0, w, h, 0, "none", acrossColor)
	if m.Title != "" {
		w = max(w, plottext.Label{Size: labelSize, Bold: true}.Width(m.Title)*1.15)
	}
	return left + w, title + above + h
}

// cellWidth returns the width of a cell, which the longest text in a cell fits.
func (m Map) cellWidth() float64 {
	w := cellSize
	for _, text := range m.Cells {
		w = max(w, plottext.Label{Size: cellTextSize}.Width(visible(text))*1.15+6)
	}
	return w
}

// texts writes the texts of the cells, in white where the colour is dark.
func (m Map) texts(c *canvas, x0, y0, most float64) {
	for i, text := range m.Cells {
		l := plottext.Label{Size: cellTextSize, Anchor: "middle", Color: inkColor}
		l.X, l.Y = x0+(float64(i%len(m.Cols))+0.5)*m.cellWidth(), y0+(float64(i/len(m.Cols))+0.75)*cellSize
		if math.Abs(m.Values[i])/most > 0.55 {
			l.Color = "#ffffff"
		}
		c.text(l, visible(text))
	}
}

// cells fills the map, one path for each colour.
func (m Map) cells(c *canvas, x0, y0, most float64) {
	width := m.cellWidth()
	paths := map[string]*strings.Builder{}
	for i := 0; i < len(m.Rows); i++ {
		for j := 0; j < len(m.Cols); {
			color, from := shade(m.Values[i*len(m.Cols)+j]/most), j
			for j < len(m.Cols) && shade(m.Values[i*len(m.Cols)+j]/most) == color {
				j++
			}
			if color == "#ffffff" {
				continue
			}
			if paths[color] == nil {
				paths[color] = &strings.Builder{}
			}
			fmt.Fprintf(paths[color], "M%.6g %.6gh%.6gv%.6gh%.6gz", x0+float64(from)*width, y0+float64(i)*cellSize, float64(j-from)*width, cellSize, -float64(j-from)*width)
		}
	}
	var colors []string
	for color := range paths {
		colors = append(colors, color)
	}
	sort.Strings(colors)
	for _, color := range colors {
		fmt.Fprintf(&c.b, "<path shape-rendering=\"crispEdges\" fill=\"%s\" d=\"%s\"/>\n", color, paths[color])
	}
}

// shades is the number of steps of a colour scale.
const shades = 48

// shade returns the colour of v, from −1 to 1. NaN is black.
func shade(v float64) string {
	if math.IsNaN(v) {
		return "#000000"
	}
	t := math.Round(min(math.Abs(v), 1)*shades) / shades
	end := [3]float64{0x08, 0x45, 0x94}
	if v < 0 {
		end = [3]float64{0xb3, 0x4a, 0x00}
	}
	mix := func(i int) int { return int(math.Round(255 + (end[i]-255)*t)) }
	return fmt.Sprintf("#%02x%02x%02x", mix(0), mix(1), mix(2))
}

// scale draws the colour bar.
func (c *canvas) scale(x, y, most float64, negative bool) {
	low := 0.0
	if negative {
		low = -most
	}
	l := plottext.Label{X: x, Y: y + 9, Size: 10, Color: faintColor}
	left := fmt.Sprintf("%.2g", low)
	c.text(l, left)
	x += l.Width(left)*1.15 + 5
	const steps = 40
	for i := range steps {
		v := low + (most-low)*(float64(i)+0.5)/steps
		c.rect(x+scaleBar*float64(i)/steps, y, scaleBar/steps+0.3, 10, 0, shade(v/most), "none")
	}
	c.rect(x, y, scaleBar, 10, 0, "none", acrossColor)
	l.X = x + scaleBar + 5
	c.text(l, fmt.Sprintf("%.2g", most))
}

// visible returns a label with visible white space.
func visible(s string) string {
	return strings.NewReplacer(" ", "␣", "\n", "↵", "\t", "→", "\r", "←").Replace(s)
}
