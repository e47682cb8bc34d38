package view

import (
	"math"
	"path"
	"slices"
)

// gateTaps are the taps of recurrent layers, in the order in which they are drawn.
var gateTaps = []string{"i", "f", "g", "o", "r", "z", "n", "c", "h"}

// Gates returns gates and states of recurrent layers over the text (Karpathy, Johnson and Fei-Fei 2015): a row
// for each unit, a column for each token. Of layers with more units than so many, those whose values
// vary most are shown; 0 shows all.
func Gates(t *Text, units int) (*Figure, error) {
	g, err := t.graph()
	if err != nil {
		return nil, err
	}
	var taps []string
	known := g.Taps()
	for _, layer := range cells(g) {
		for _, name := range gateTaps {
			if tap := layer + "/" + name; slices.Contains(known, tap) {
				taps = append(taps, tap)
			}
		}
	}
	if taps == nil {
		return nil, unfit("the model has no recurrent layers", "模型没有循环层")
	}
	p, err := t.read(taps...)
	if err != nil {
		return nil, err
	}
	f := &Figure{Name: "gates"}
	for _, tap := range taps {
		values, width := p.Float64s(tap), p.Shape(tap)[1]
		chosen := mostVarying(values, width, units)
		one := newGrid(tap, Axis{Kind: Units, Index: chosen}, t.side(ofSource(g, tap)))
		one.Path = path.Dir(tap)
		one.Rows.Labels = numbers(chosen)
		one.Values = one.Values[:0]
		for _, u := range chosen {
			for i := range one.Cols.Labels {
				one.Values = append(one.Values, values[i*width+u])
			}
		}
		f.Grids = append(f.Grids, one)
	}
	return f, nil
}

// mostVarying returns the n columns with the largest variances in their order, or all if n is 0.
func mostVarying(values []float64, width, n int) []int {
	if n == 0 || n > width {
		n = width
	}
	variance := make([]float64, width)
	for u := range width {
		var column []float64
		for i := u; i < len(values); i += width {
			column = append(column, values[i])
		}
		if _, half := interval(column); !math.IsNaN(half) {
			variance[u] = half
		}
	}
	return slices.Sorted(slices.Values(top(variance, n)))
}
