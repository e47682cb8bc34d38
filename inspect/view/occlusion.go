package view

import (
	"context"

	"euryale/layers/ops"
)

// Occlusion returns how much each output falls when the embedding of one token is set to zero (Zeiler and Fergus
// 2014; Li, Monroe and Jurafsky 2016): a row for each output, a column for each token.
func Occlusion(ctx context.Context, t *Text, outputs ...Output) (*Figure, error) {
	rows, err := t.outputAxis(outputs)
	if err != nil {
		return nil, err
	}
	all, err := t.embeddings()
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range all {
		paths = append(paths, e.path)
	}
	c, err := newChanger(t.Model, t.Weights, []Sequence{t.Sequence}, paths, "logits")
	if err != nil {
		return nil, err
	}
	values := func() ([]float64, error) {
		if err := c.run(); err != nil {
			return nil, err
		}
		logits := c.Float64s("logits")
		vs := make([]float64, len(outputs))
		for k, o := range outputs {
			vs[k] = o.value(logits, t.Model.Common().Vocab)
		}
		return vs, nil
	}
	before, err := values()
	if err != nil {
		return nil, err
	}
	text, source := t.saliencyGrids(all, rows)
	for e, change := range c.changes {
		g := text
		if all[e].source {
			g = source
		}
		for i := range g.Cols.Labels {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			c.reset()
			*change = ops.Change{Op: ops.Assign, At: [][2]int{{i, i + 1}}}
			after, err := values()
			if err != nil {
				return nil, err
			}
			for k := range outputs {
				g.Values[k*len(g.Cols.Labels)+i] += before[k] - after[k]
			}
		}
	}
	return figureOf("occlusion", text, source), nil
}
