package view

import (
	"fmt"
	"path"

	"euryale/layers/graph"
	"euryale/models"
)

// attention is the weights of one attention layer over a sequence.
type attention struct {
	layer      string      // path
	heads      [][]float64 // of each head: a row for each query, a column for each key
	rows, cols int         // queries and keys
	fromSource bool        // queries are tokens of the source
	toSource   bool        // keys are
}

// readAttention reads the weights of all attention layers, in the order of the graph. Sequences of
// the program's frame must have equal lengths; b is the one to return.
func readAttention(p *models.Program, taps []string, b int) ([]attention, error) {
	var all []attention
	f := p.Frame()
	for _, tap := range taps {
		n, err := p.Tap(tap)
		if err != nil {
			return nil, err
		}
		a := attention{layer: path.Dir(tap), rows: f.T, cols: f.T}
		a.fromSource, a.toSource = p.Sides(n)
		if a.fromSource {
			a.rows = f.S
		}
		if a.toSource {
			a.cols = f.S
		}
		shape, values := p.Shape(tap), p.Float64s(tap)
		if len(shape) != 2 || shape[0] != f.B*a.rows || shape[1]%a.cols != 0 {
			return nil, fmt.Errorf("%s is %v, want (%d, H·%d): a row for each token and a column for each that it attends to", tap, shape, f.B*a.rows, a.cols)
		}
		heads := shape[1] / a.cols
		a.heads = make([][]float64, heads)
		for r := b * a.rows; r < (b+1)*a.rows; r++ {
			for h := range heads {
				a.heads[h] = append(a.heads[h], values[(r*heads+h)*a.cols:][:a.cols]...)
			}
		}
		all = append(all, a)
	}
	return all, nil
}

// attentions reads all attention layers over the text.
func (t *Text) attentions() ([]attention, error) {
	g, err := t.graph()
	if err != nil {
		return nil, err
	}
	taps := g.Views(graph.AttentionWeights)
	if len(taps) == 0 {
		return nil, unfit("the model has no attention layers", "模型没有注意力层")
	}
	p, err := t.read(taps...)
	if err != nil {
		return nil, err
	}
	return readAttention(p, taps, 0)
}

// Attention returns the attention weights of every layer and head: a row for each token, a column for
// each that it attends to.
func Attention(t *Text) (*Figure, error) {
	all, err := t.attentions()
	if err != nil {
		return nil, err
	}
	f := &Figure{Name: "attention", Scale: 1}
	for _, a := range all {
		for h, values := range a.heads {
			name := headPath(a.layer, h)
			if len(a.heads) == 1 {
				name = a.layer
			}
			f.Grids = append(f.Grids, Grid{Title: name, Path: name, Rows: t.side(a.fromSource), Cols: t.side(a.toSource), Values: values})
		}
	}
	return f, nil
}

// headPath returns the path of a head, which interventions name.
func headPath(layer string, h int) string { return fmt.Sprintf("%s/head%d", layer, h) }

// side returns the axis of the source's tokens or of the text's.
func (t *Text) side(source bool) Axis {
	if source {
		return t.sourceAxis()
	}
	return t.tokenAxis()
}

// Rollout returns attention rollout (Abnar and Zuidema 2020, https://arxiv.org/abs/2005.00928): how much
// of each input token reaches each position through all self-attention layers, if a layer passes on
// half of its input unchanged and mixes the rest by the mean weights of its heads:
// Ã = (A + I)/2, rollout = Ã_L ⋯ Ã_1. Text and source have a grid each.
func Rollout(t *Text) (*Figure, error) {
	all, err := t.attentions()
	if err != nil {
		return nil, err
	}
	f := &Figure{Name: "rollout", Scale: 1}
	for _, source := range []bool{true, false} {
		var product []float64
		for _, a := range all {
			if a.fromSource == source && a.toSource == source {
				product = rolled(a, product)
			}
		}
		if product != nil {
			title := "text"
			if source {
				title = "source"
			}
			f.Grids = append(f.Grids, Grid{Title: title, Rows: t.side(source), Cols: t.side(source), Values: product})
		}
	}
	if f.Grids == nil {
		return nil, unfit("the model has no self-attention to roll out", "模型没有可展开的自注意力层")
	}
	return f, nil
}

// rolled returns (A + I)/2 · product, with the identity for a nil product.
func rolled(a attention, product []float64) []float64 {
	n := a.rows
	mixed := make([]float64, n*n)
	for i := range n {
		mixed[i*n+i] = 0.5
		for _, weights := range a.heads {
			for j := range n {
				mixed[i*n+j] += weights[i*n+j] / float64(2*len(a.heads))
			}
		}
	}
	if product == nil {
		return mixed
	}
	out := make([]float64, n*n)
	for i := range n {
		for k := range n {
			for j := range n {
				out[i*n+j] += mixed[i*n+k] * product[k*n+j]
			}
		}
	}
	return out
}
