package view

import (
	"fmt"
	"math"
	"path"
	"slices"

	"euryale/layers/graph"
	"euryale/models"
)

// Attribution returns direct logit attribution (Elhage et al. 2021): how much each head and each MLP adds to
// the logit of an output's token, or to the difference of two, through the final norm with its scale frozen at the
// value that it has for the text. The grid "layers" has a row for each block and columns for its heads,
// for the biases of their output projections and for its MLP; "rest" has the embedding and the biases of norm and
// head. All values add up to the logit.
func Attribution(t *Text, o Output) (*Figure, error) {
	if err := o.Check(t); err != nil {
		return nil, err
	}
	a, err := newAttribution(t, o)
	if err != nil {
		return nil, err
	}
	heads := 0
	for _, block := range a.blocks {
		for _, layer := range a.layers(block) {
			heads = max(heads, len(headsOf(a.graph, layer)))
		}
	}
	cols := headAxis(heads)
	cols.Labels = append(cols.Labels, "bias", "mlp")
	f := &Figure{Name: "attribution"}
	rest := slices.Clone(a.final)
	for _, kind := range []string{"att", "cross"} {
		g := newGrid("layers", Axis{Kind: Layers}, cols)
		if kind == "cross" {
			g.Title = "attention to the source"
		}
		for _, block := range a.blocks {
			if layer := path.Join(block, kind); slices.Contains(a.graph.Taps(), layer) {
				a.addRow(&g, layer, heads, rest)
				if mlp := path.Join(block, "mlp"); kind == "att" && slices.Contains(a.graph.Taps(), mlp) {
					g.set(len(g.Rows.Labels)-1, heads+1, a.of(take(rest, a.row(mlp))))
				}
			}
		}
		if len(g.Rows.Labels) > 0 {
			f.Grids = append(f.Grids, g)
		}
	}
	last := newGrid("rest", Axis{Kind: Entries, Labels: []string{"rest"}}, Axis{Kind: Entries, Labels: []string{"embedding", "biases of norm and head"}})
	last.set(0, 0, a.of(rest))
	last.set(0, 1, a.constant)
	f.Grids = append(f.Grids, last)
	return f, a.complete(f)
}

// attribution is the end of a model, linear with a frozen norm: logit = Σ ((c − mean)/scale ⊙ gain)·direction.
type attribution struct {
	*models.Program
	graph     *graph.Graph
	weights   *graph.Weights
	at        int
	blocks    []string
	final     []float64 // (D), the residual stream after the last block
	centred   bool      // the norm is a LayerNorm
	scale     float64
	gain      []float64 // (D)
	direction []float64 // (D): column of the head, or difference of two
	constant  float64   // of biases
	want      float64   // the logit
}

func newAttribution(t *Text, o Output) (*attribution, error) {
	g, err := t.graph()
	if err != nil {
		return nil, err
	}
	a := &attribution{graph: g, weights: t.Weights, at: o.At, blocks: blocks(g)}
	norm := finalNorm(g)
	switch {
	case len(a.blocks) == 0:
		return nil, noStream()
	case norm == "":
		return nil, unfit("the model normalises after each sub-layer: no sum of layers reaches the head", "模型在每个子层之后归一化：到达输出层的不是各层之和")
	}
	taps := []string{"logits", norm, a.blocks[len(a.blocks)-1] + "/resid"}
	for _, block := range a.blocks {
		for _, layer := range append(a.layers(block), path.Join(block, "mlp")) {
			for _, tap := range []string{layer, layer + "/heads"} {
				if slices.Contains(g.Taps(), tap) {
					taps = append(taps, tap)
				}
			}
		}
	}
	if a.Program, err = t.read(taps...); err != nil {
		return nil, err
	}
	a.final = a.row(taps[2])
	a.freeze(norm)
	v := t.Model.Common().Vocab
	logits := a.Float64s("logits")[o.At*v : (o.At+1)*v]
	a.want = logits[o.Token]
	a.head(t, o.Token, 1)
	if o.Against >= 0 {
		a.want -= logits[o.Against]
		a.head(t, o.Against, -1)
	}
	if bias := values(t.Weights.Get(norm + "/bias")); bias != nil {
		a.constant += dot(bias, a.direction)
	}
	return a, nil
}

// layers returns the attention layers of a block.
func (a *attribution) layers(block string) (all []string) {
	for _, kind := range []string{"att", "cross"} {
		if layer := path.Join(block, kind); slices.Contains(a.graph.Taps(), layer) {
			all = append(all, layer)
		}
	}
	return all
}

// finalNorm returns the path of the norm that the head reads: one outside the blocks, and not of the source.
func finalNorm(g *graph.Graph) string {
	for _, tap := range g.Taps() {
		if norm := path.Dir(tap); path.Base(tap) == "gain" && number(path.Dir(norm)) < 0 && number(path.Dir(path.Dir(norm))) < 0 && !ofSource(g, norm) {
			return norm
		}
	}
	return ""
}

// row returns the values of a tap at the output's position.
func (a *attribution) row(tap string) []float64 {
	d := a.Shape(tap)[1]
	return a.Float64s(tap)[a.at*d : (a.at+1)*d]
}

// freeze sets scale and gain such that the norm's value follows from the stream's.
func (a *attribution) freeze(norm string) {
	a.gain = values(a.weights.Get(norm + "/gain"))
	out := a.row(norm)
	bias := values(a.weights.Get(norm + "/bias"))
	best := math.Inf(1)
	for _, centred := range []bool{true, false} {
		x := a.centre(a.final, centred)
		// The scale is the quotient at the column where it is known best.
		at := 0
		for j := range x {
			if math.Abs(x[j]*a.gain[j]) > math.Abs(x[at]*a.gain[at]) {
				at = j
			}
		}
		y := func(j int) float64 {
			if bias == nil {
				return out[j]
			}
			return out[j] - bias[j]
		}
		scale, wrong := x[at]*a.gain[at]/y(at), 0.0
		for j := range x {
			wrong += math.Abs(x[j]*a.gain[j]/scale - y(j))
		}
		if wrong < best {
			best, a.centred, a.scale = wrong, centred, scale
		}
	}
}

func (a *attribution) centre(x []float64, centred bool) []float64 {
	if !centred {
		return x
	}
	mean := 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	out := make([]float64, len(x))
	for j, v := range x {
		out[j] = v - mean
	}
	return out
}

// head adds sign times the head's column of a token to the direction, and its bias to the constant.
func (a *attribution) head(t *Text, token int, sign float64) {
	d := len(a.final)
	if a.direction == nil {
		a.direction = make([]float64, d)
	}
	if w := t.Weights.Get("head/W"); w != nil {
		for j := range d {
			a.direction[j] += sign * values(w)[j*w.Shape[1]+token]
		}
		if b := values(t.Weights.Get("head/b")); b != nil {
			a.constant += sign * b[token]
		}
		return
	}
	for _, table := range []string{"tok/W", "enc/tok/W"} {
		if w := t.Weights.Get(table); w != nil {
			for j := range d {
				a.direction[j] += sign * values(w)[token*d+j]
			}
			return
		}
	}
}

// addRow adds the contributions of the heads of a layer and of its bias, and takes them from rest.
func (a *attribution) addRow(g *Grid, layer string, heads int, rest []float64) {
	g.Rows.Labels = append(g.Rows.Labels, layer)
	row := slices.Repeat([]float64{math.NaN()}, heads+2)
	proj, z := values(a.weights.Get(layer+"/proj/W")), a.row(layer+"/heads")
	d, count := len(rest), len(headsOf(a.graph, layer))
	width := len(z) / count
	left := slices.Clone(a.row(layer))
	for h := range count {
		c := make([]float64, d)
		for k := h * width; k < (h+1)*width; k++ {
			for j := range d {
				c[j] += z[k] * proj[k*d+j]
			}
		}
		row[h] = a.of(take(left, c))
	}
	row[heads] = a.of(left)
	take(rest, a.row(layer))
	g.Values = append(g.Values, row...)
}

// take subtracts c from the sum and returns c.
func take(sum, c []float64) []float64 {
	for j, v := range c {
		sum[j] -= v
	}
	return c
}

// of returns what a part of the residual stream adds to the logit.
func (a *attribution) of(c []float64) float64 {
	sum := 0.0
	for j, v := range a.centre(c, a.centred) {
		sum += v / a.scale * a.gain[j] * a.direction[j]
	}
	return sum
}

// complete returns an error unless the values add up to the logit.
func (a *attribution) complete(f *Figure) error {
	sum := 0.0
	for _, g := range f.Grids {
		for _, v := range g.Values {
			if !math.IsNaN(v) {
				sum += v
			}
		}
	}
	if math.Abs(sum-a.want) > 1e-3*math.Max(1, math.Abs(a.want)) {
		return unfit(fmt.Sprintf("the layers add up to %.4g, and the logit is %.4g: the model's end is not a norm and a linear head", sum, a.want),
			fmt.Sprintf("各层之和为 %.4g，而 logit 为 %.4g：模型的末端不是归一化加线性输出层", sum, a.want))
	}
	return nil
}

// values returns the values of a parameter, nil for none.
func values(p *graph.Param) []float64 {
	if p == nil {
		return nil
	}
	if x := p.Float64(); x != nil {
		return x
	}
	var x []float64
	for _, v := range p.Float32() {
		x = append(x, float64(v))
	}
	return x
}
