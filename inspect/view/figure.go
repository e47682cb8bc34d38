package view

import (
	"fmt"
	"math"

	"euryale/layers/draw"
)

// Kind says what the rows or the columns of a grid are.
type Kind string

// The kinds.
const (
	Tokens  Kind = "token"  // positions of the text
	Source  Kind = "source" // positions of the source
	Layers  Kind = "layer"
	Heads   Kind = "head"
	Units   Kind = "unit"
	Entries Kind = "entry" // anything else
)

// Axis describes the rows or the columns of a grid.
type Axis struct {
	Kind   Kind
	Labels []string
	Index  []int // number of each position, unit or head, from 0; nil: 0, 1, 2 …
}

// At returns the number of the i-th position, unit or head.
func (a Axis) At(i int) int {
	if a.Index == nil {
		return i
	}
	return a.Index[i]
}

// Grid is a matrix with labels.
type Grid struct {
	Title      string
	Path       string // path of the layer or the head that the values are of, or ""
	Rows, Cols Axis
	Values     []float64 // row by row; NaN: no value
	Notes      []string  // of each value, such as its interval; or nil
	Text       []string  // shown in the cells, as the tokens of the logit lens; or nil
	Strip      bool      // the one row is a text: its tokens are the columns
}

// At returns the value of row i and column j.
func (g *Grid) At(i, j int) float64 { return g.Values[i*len(g.Cols.Labels)+j] }

// newGrid returns a grid of NaN.
func newGrid(title string, rows, cols Axis) Grid {
	g := Grid{Title: title, Rows: rows, Cols: cols, Values: make([]float64, len(rows.Labels)*len(cols.Labels))}
	for i := range g.Values {
		g.Values[i] = math.NaN()
	}
	return g
}

func (g *Grid) set(i, j int, v float64) { g.Values[i*len(g.Cols.Labels)+j] = v }

// note sets the note of a value.
func (g *Grid) note(i, j int, format string, args ...any) {
	if g.Notes == nil {
		g.Notes = make([]string, len(g.Values))
	}
	g.Notes[i*len(g.Cols.Labels)+j] = fmt.Sprintf(format, args...)
}

// Figure is the result of a view.
type Figure struct {
	Name  string // of the view, as "attention"
	Grids []Grid
	Scale float64 // value of the darkest colour in all grids; 0: each grid has its own scale
}

// Grid returns the grid with a title, or nil.
func (f *Figure) Grid(title string) *Grid {
	for i := range f.Grids {
		if f.Grids[i].Title == title {
			return &f.Grids[i]
		}
	}
	return nil
}

// wide is the number of columns above which only two grids are drawn side by side.
const wide = 24

// SVG draws the grids as heat maps.
func (f *Figure) SVG() string {
	if f.Scale > 0 {
		return mapsOf(f.Grids, f.Scale).SVG()
	}
	var each []string
	for i := range f.Grids {
		each = append(each, mapsOf(f.Grids[i:i+1], 0).SVG())
	}
	return draw.Stack(each...)
}

func mapsOf(grids []Grid, most float64) draw.Maps {
	m := draw.Maps{Across: 4, Most: most}
	for _, g := range grids {
		m.Each = append(m.Each, draw.Map{Title: g.Title, Rows: g.Rows.Labels, Cols: g.Cols.Labels, Values: g.drawn(), Cells: g.Text})
		if len(g.Cols.Labels) > wide {
			m.Across = 2
		}
	}
	return m
}

// drawn returns the values, with 0 in place of NaN.
func (g *Grid) drawn() []float64 {
	vs := make([]float64, len(g.Values))
	for i, v := range g.Values {
		if !math.IsNaN(v) {
			vs[i] = v
		}
	}
	return vs
}

// Unfit is the error of a view that a model cannot have. It says why in English and Chinese.
type Unfit struct{ English, Chinese string }

func (u *Unfit) Error() string { return u.English }

// unfit returns an Unfit error.
func unfit(english, chinese string) error { return &Unfit{english, chinese} }
