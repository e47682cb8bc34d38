package draw

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"euryale/internal/plottext"
)

// Colours that colour-blind readers can tell apart (Okabe and Ito 2008), and paler ones for
// backgrounds of text.
const (
	forwardColor, forwardPale   = "#0072b2", "#e3f0f8"
	backwardColor, backwardPale = "#d55e00", "#fbeadd"
	acrossColor, blockColor     = "#b8b8b8", "#f4f4f4"
	inkColor, faintColor        = "#222222", "#666666"
)

// most is the maximum number of inputs and parameters listed in a box.
const most = 6

func (b *box) color() (line, fill string) {
	if b.backward {
		return backwardColor, backwardPale
	}
	return forwardColor, forwardPale
}

// title returns the first line of a box: the layer's path, with ∂ in the backward pass.
func (b *box) title() string {
	path := b.path
	if path == "" { // the model itself
		path = strings.Join(b.ops, " · ")
	}
	if b.backward {
		return "∂ " + path
	}
	return path
}

// lines returns the other lines of a box: its ops, then its inputs and parameters.
func (b *box) lines() []string {
	var lines []string
	if b.path != "" {
		lines = fold(b.ops, " · ", 34)
	}
	reads := b.reads
	if len(reads) > most {
		reads = append(append([]string(nil), reads[:most-1]...), fmt.Sprintf("and %d more", len(reads)-most+1))
	}
	return append(lines, reads...)
}

// fold joins words to lines of up to n characters.
func fold(words []string, sep string, n int) (lines []string) {
	for _, w := range words {
		if k := len(lines) - 1; k >= 0 && len(lines[k])+len(sep)+len(w) <= n {
			lines[k] += sep + w
			continue
		}
		lines = append(lines, w)
	}
	return lines
}

// measure sets the box's size from its text.
func (b *box) measure() {
	b.w = plottext.Label{Size: fontSize, Bold: true}.Width(b.title())
	for _, l := range b.lines() {
		b.w = max(b.w, plottext.Label{Size: fontSize}.Width(l))
	}
	b.w = b.w*1.15 + 2*padding // a viewer may have a wider font
	b.h = lineStep*float64(1+len(b.lines())) + padding
}

// SVG returns the picture: the forward pass goes down, the backward pass up beside it, and edges
// are labelled with shapes.
func (p *Picture) SVG() string {
	w, h := p.size()
	c := newCanvas(w, h)
	c.legend(p)
	p.blocks(c)
	for _, e := range p.edges {
		p.edge(c, e)
	}
	p.shapes(c)
	for _, b := range p.boxes {
		line, fill := b.color()
		c.rect(b.x-b.w/2, b.y, b.w, b.h, 4, fill, line)
		y := b.y + lineStep - 1
		c.text(plottext.Label{X: b.x, Y: y, Size: fontSize, Anchor: "middle", Bold: true, Color: inkColor}, b.title())
		for _, l := range b.lines() {
			y += lineStep
			c.text(plottext.Label{X: b.x, Y: y, Size: fontSize, Anchor: "middle", Color: faintColor}, l)
		}
	}
	return c.end()
}

func (p *Picture) size() (w, h float64) {
	w, h = 280, 2*margin+rowGap // space for the legend
	for _, b := range p.boxes {
		right := b.x + b.w/2 + 4*padding
		if b.backward {
			right += 60 + p.gutter(b.col)
		}
		w, h = max(w, right), max(h, b.y+b.h+margin)
	}
	return w + margin, h
}

// gutter returns the width of the lines that go around the boxes of a column.
func (p *Picture) gutter(col int) float64 {
	w := 0.0
	for _, e := range p.edges {
		if e.around() && e.to.col == col {
			w = max(w, float64(e.track+1)*trackStep)
		}
	}
	return w
}

// edge draws an edge.
func (p *Picture) edge(c *canvas, e *edge) {
	line, _ := e.to.color()
	switch {
	case e.across():
		c.path(fmt.Sprintf("M%.1f %.1f L%.1f %.1f", e.from.x+e.from.w/2, e.from.y+e.from.h/2, e.to.x-e.to.w/2, e.to.y+e.to.h/2), acrossColor, true)
	case e.around():
		side := e.side()
		x1, y1 := e.from.x+side*e.from.w/2, e.from.y+e.from.h*0.75
		x2, y2 := e.to.x+side*e.to.w/2, e.to.y+e.to.h*0.25
		if e.to.backward {
			y1, y2 = e.from.y+e.from.h*0.25, e.to.y+e.to.h*0.75
		}
		x := e.lineX()
		c.path(fmt.Sprintf("M%.1f %.1f L%.1f %.1f L%.1f %.1f L%.1f %.1f", x1, y1, x, y1, x, y2, x2, y2), line, false)
	default:
		x1, y1, x2, y2 := e.ends()
		mid := (y1 + y2) / 2
		c.path(fmt.Sprintf("M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f", x1, y1, x1, mid, x2, mid, x2, y2), line, false)
	}
}

// side returns the side on which an edge goes around boxes: left in the forward pass, right in
// the backward pass.
func (e *edge) side() float64 {
	if e.to.backward {
		return 1
	}
	return -1
}

// lineX returns the x of the vertical part of an edge that goes around boxes.
func (e *edge) lineX() float64 {
	return e.to.x + e.side()*(e.to.w/2+padding+float64(e.track)*trackStep)
}

// ends returns the end points of an edge between neighbouring rows.
func (e *edge) ends() (x1, y1, x2, y2 float64) {
	if e.to.backward {
		return e.from.x, e.from.y, e.to.x, e.to.y + e.to.h
	}
	return e.from.x, e.from.y + e.from.h, e.to.x, e.to.y
}

// shapes writes the shape of each value at the first edge that carries it.
func (p *Picture) shapes(c *canvas) {
	edges := append([]*edge(nil), p.edges...)
	sort.SliceStable(edges, func(i, j int) bool { return !edges[i].around() && edges[j].around() })
	said := map[string]bool{}
	for _, e := range edges {
		if e.across() {
			continue
		}
		key := fmt.Sprint(e.from.id, e.shape)
		if said[key] {
			continue
		}
		said[key] = true
		l := plottext.Label{Size: 10, Color: inkColor}
		if e.around() {
			l.X, l.Y = e.lineX()+3, (e.from.y+e.to.y)/2+e.from.h/2
		} else {
			x1, y1, x2, y2 := e.ends()
			l.X, l.Y = x1+5, (y1+y2)/2+4
			if x1 != x2 {
				l.Y = y1 + math.Copysign(9, y2-y1) + 3
			}
		}
		c.text(l, e.shape)
	}
}

// blocks draws a background behind the boxes of each numbered block, if no other box is in the
// way.
func (p *Picture) blocks(c *canvas) {
	type block struct {
		name     string
		backward bool
	}
	in := map[block][]*box{}
	var order []block
	for _, b := range p.boxes {
		i := strings.LastIndexByte(b.path, '/')
		if i < 0 {
			continue
		}
		k := block{b.path[:i], b.backward}
		if in[k] == nil {
			order = append(order, k)
		}
		in[k] = append(in[k], b)
	}
	for _, k := range order {
		if r, ok := p.ground(in[k]); ok && len(in[k]) > 1 {
			c.rect(r[0], r[1], r[2]-r[0], r[3]-r[1], 6, blockColor, "none")
			c.text(plottext.Label{X: r[0] + 4, Y: r[1] + 11, Size: 10, Color: faintColor}, k.name)
		}
	}
}

// ground returns the rectangle around boxes, and whether it contains no other box.
func (p *Picture) ground(boxes []*box) (r [4]float64, ok bool) {
	r = [4]float64{1e9, 1e9, -1e9, -1e9}
	inside := map[*box]bool{}
	for _, b := range boxes {
		inside[b] = true
		r[0], r[1] = min(r[0], b.x-b.w/2-padding), min(r[1], b.y-14)
		r[2], r[3] = max(r[2], b.x+b.w/2+padding), max(r[3], b.y+b.h+6)
	}
	for _, b := range p.boxes {
		if !inside[b] && b.x-b.w/2 < r[2] && b.x+b.w/2 > r[0] && b.y < r[3] && b.y+b.h > r[1] {
			return r, false
		}
	}
	return r, true
}
