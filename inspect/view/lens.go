package view

import (
	"math"

	"euryale/layers/ops"
)

// LogitLens returns what the model would predict if it ended after each block (nostalgebraist 2020): the
// residual stream after the block takes the place of the one after the last block, and goes through the
// final norm, if there is one, and the head. The grid "most likely" has the most likely tokens and their
// probabilities, "log p" the log-probability of the token that the text has next. The last row is the
// model's own prediction.
func LogitLens(t *Text) (*Figure, error) {
	g, err := t.graph()
	if err != nil {
		return nil, err
	}
	taps := stream(g)
	if taps == nil {
		return nil, noStream()
	}
	rows := Axis{Kind: Layers}
	for _, tap := range taps {
		rows.Labels = append(rows.Labels, layerOf(tap))
	}
	best, target := newGrid("most likely", rows, t.tokenAxis()), newGrid("log p", rows, t.tokenAxis())
	best.Text = make([]string, len(best.Values))
	all, err := t.lens(taps)
	if err != nil {
		return nil, err
	}
	v := t.Model.Common().Vocab
	for l, logits := range all {
		for i, id := range t.Targets {
			logp := logSoftmax(logits[i*v : (i+1)*v])
			first := top(logp, 1)[0]
			best.set(l, i, math.Exp(logp[first]))
			best.Text[l*len(t.Tokens)+i] = t.Piece(first)
			best.note(l, i, "%s", t.most(logp, alternatives))
			if id >= 0 {
				target.set(l, i, logp[id])
				target.note(l, i, "%s: rank %d", t.Piece(id), rankOf(logp, id))
			}
		}
	}
	return &Figure{Name: "lens", Grids: []Grid{best, target}}, nil
}

// layerOf returns the path of the layer that a tap of the stream follows.
func layerOf(tap string) string {
	const suffix = "/resid"
	if len(tap) > len(suffix) && tap[len(tap)-len(suffix):] == suffix {
		return tap[:len(tap)-len(suffix)]
	}
	return tap
}

// lens returns the logits (T, V) with the values of each tap in place of those of the last one.
func (t *Text) lens(taps []string) ([][]float64, error) {
	p, err := t.read(taps...)
	if err != nil {
		return nil, err
	}
	c, err := newChanger(t.Model, t.Weights, []Sequence{t.Sequence}, taps[len(taps)-1:], "logits")
	if err != nil {
		return nil, err
	}
	var all [][]float64
	for _, tap := range taps {
		*c.changes[0] = ops.Change{Op: ops.Assign, Value: table(p.Float64s(tap), p.Shape(tap)[1])}
		if err := c.run(); err != nil {
			return nil, err
		}
		all = append(all, c.Float64s("logits"))
	}
	return all, nil
}

// table returns the operand of values with so many columns.
func table(values []float64, cols int) ops.Operand {
	o := ops.Operand{Scale: 1, Rows: len(values) / cols, Cols: cols, Data: make([]float32, len(values))}
	for i, v := range values {
		o.Data[i] = float32(v)
	}
	return o
}
