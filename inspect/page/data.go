package page

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"

	"euryale/inspect/view"
)

// shown is a figure as the script of the page draws it.
type shown struct {
	Name  string   `json:"name"`
	Scale float64  `json:"scale,omitempty"`
	Grids []matrix `json:"grids"`
}

// matrix is a grid. Small ones have their values as numbers, large ones as bytes.
type matrix struct {
	Title string    `json:"title"`
	Path  string    `json:"path,omitempty"`
	Rows  axis      `json:"rows"`
	Cols  axis      `json:"cols"`
	Plain []rounded `json:"plain,omitempty"`
	Bytes string    `json:"bytes,omitempty"` // in base64: 0 to 254 from Low to High, 255: no value
	Low   rounded   `json:"low,omitempty"`
	High  rounded   `json:"high,omitempty"`
	Lower bool      `json:"lower,omitempty"` // Bytes has row i up to column i; the rest is 0
	Notes []string  `json:"notes,omitempty"`
	Text  []string  `json:"text,omitempty"`
	Strip bool      `json:"strip,omitempty"`
}

// axis is an axis. Labels of all tokens of the text or of the source are left out: the page has them.
type axis struct {
	Kind   view.Kind `json:"kind"`
	Labels []string  `json:"labels,omitempty"`
	Index  []int     `json:"index,omitempty"`
}

// plainCells is the number of values up to which a grid has them as numbers.
const plainCells = 3000

// newMatrix returns a grid as the script draws it.
func newMatrix(g *view.Grid, tokens, source []string) matrix {
	m := matrix{Title: g.Title, Path: g.Path, Rows: newAxis(g.Rows, tokens, source), Cols: newAxis(g.Cols, tokens, source), Notes: g.Notes, Text: g.Text, Strip: g.Strip}
	if len(g.Values) <= plainCells {
		for _, v := range g.Values {
			m.Plain = append(m.Plain, rounded(v))
		}
		return m
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range g.Values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			low, high = min(low, v), max(high, v)
		}
	}
	m.Low, m.High, m.Lower = rounded(low), rounded(high), isLower(g)
	cols := len(g.Cols.Labels)
	var bytes []byte
	for i := range g.Rows.Labels {
		end := cols
		if m.Lower {
			end = i + 1
		}
		for _, v := range g.Values[i*cols : i*cols+end] {
			b := byte(255)
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				b = byte(math.Round(254 * (v - low) / max(high-low, 1e-300)))
			}
			bytes = append(bytes, b)
		}
	}
	m.Bytes = base64.StdEncoding.EncodeToString(bytes)
	return m
}

// isLower reports whether a square grid is 0 above its diagonal.
func isLower(g *view.Grid) bool {
	n := len(g.Rows.Labels)
	if n != len(g.Cols.Labels) {
		return false
	}
	for i := range n {
		if slices.ContainsFunc(g.Values[i*n+i+1:(i+1)*n], func(v float64) bool { return v != 0 }) {
			return false
		}
	}
	return true
}

func newAxis(a view.Axis, tokens, source []string) axis {
	x := axis{a.Kind, a.Labels, a.Index}
	if a.Index == nil && (a.Kind == view.Tokens && len(a.Labels) == len(tokens) || a.Kind == view.Source && len(a.Labels) == len(source)) {
		x.Labels = nil
	}
	return x
}

// rounded is a number that marshals with four digits, and as null if it is not finite.
type rounded float64

// MarshalJSON returns the number.
func (r rounded) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(r), 0) || math.IsNaN(float64(r)) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(r), 'g', 4, 64), nil
}
