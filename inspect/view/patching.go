package view

import (
	"context"
	"fmt"
	"math"
	"path"
	"slices"

	"euryale/layers/ops"
)

// Patching returns activation patching maps (Vig et al. 2020; Meng et al. 2022,
// https://arxiv.org/abs/2202.05262): the text is the corrupted prompt, and the value that a layer has for one
// token of the clean prompt is put in place of its own. A cell says how much of the difference between
// the outputs of both prompts that restores: 0 is the corrupted output, 1 the clean one. There is a grid for the residual
// stream (or the recurrent layers), one for attention and one for MLPs: a row for each layer, a column for
// each position.
func Patching(ctx context.Context, corrupted, clean *Text, o Output) (*Figure, error) {
	if len(clean.Tokens) != len(corrupted.Tokens) || len(clean.Source) != len(corrupted.Source) {
		return nil, fmt.Errorf("the prompts have %d and %d tokens, and sources of %d and %d: patching needs prompts of equal lengths",
			len(corrupted.Tokens), len(clean.Tokens), len(corrupted.Source), len(clean.Source))
	}
	if err := o.Check(corrupted); err != nil {
		return nil, err
	}
	maps, err := corrupted.patched()
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, m := range maps {
		paths = append(paths, m.paths...)
	}
	from, err := clean.read(append([]string{"logits"}, paths...)...)
	if err != nil {
		return nil, err
	}
	c, err := newChanger(corrupted.Model, corrupted.Weights, []Sequence{corrupted.Sequence}, paths, "logits")
	if err != nil {
		return nil, err
	}
	v := corrupted.Model.Common().Vocab
	if err := c.run(); err != nil {
		return nil, err
	}
	bad, good := o.value(c.Float64s("logits"), v), o.value(from.Float64s("logits"), v)
	if math.Abs(good-bad) < 1e-6 {
		return nil, unfit(fmt.Sprintf("both prompts give the same output, %.4g: there is nothing to restore", good), fmt.Sprintf("两个提示的输出相同（%.4g），没有可恢复的差异", good))
	}
	f := &Figure{Name: "patching", Scale: 1}
	at := 0
	for _, m := range maps {
		g := newGrid(m.title, Axis{Kind: Layers, Labels: m.labels()}, corrupted.side(m.source))
		for i, p := range m.paths {
			values := table(from.Float64s(p), from.Shape(p)[1])
			for j := range g.Cols.Labels {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				c.reset()
				*c.changes[at+i] = ops.Change{Op: ops.Assign, Value: values, At: [][2]int{{j, j + 1}}}
				if err := c.run(); err != nil {
					return nil, err
				}
				g.set(i, j, (o.value(c.Float64s("logits"), v)-bad)/(good-bad))
			}
		}
		at += len(m.paths)
		f.Grids = append(f.Grids, g)
	}
	return f, nil
}

// Contrast returns the output that tells two prompts apart best: after the last token, what the model finds most
// likely after the clean prompt, compared with what it finds most likely after the corrupted one, unless they are the
// same token.
func Contrast(corrupted, clean *Text) (Output, error) {
	o := Output{At: len(clean.Tokens) - 1, Against: -1}
	v := clean.Model.Common().Vocab
	for _, t := range []*Text{corrupted, clean} {
		p, err := t.read("logits")
		if err != nil {
			return o, err
		}
		logits := p.Float64s("logits")
		if o.Against = o.Token; t == corrupted {
			o.Against = -1
		}
		o.Token = top(logits[len(logits)-v:], 1)[0]
	}
	if o.Token == o.Against {
		o.Against = -1
	}
	return o, nil
}

// patchMap is the taps that one grid patches.
type patchMap struct {
	title  string
	source bool
	paths  []string
}

func (m patchMap) labels() []string {
	var all []string
	for _, p := range m.paths {
		all = append(all, layerOf(p))
	}
	return all
}

// patched returns the taps to patch.
func (t *Text) patched() ([]patchMap, error) {
	g, err := t.graph()
	if err != nil {
		return nil, err
	}
	residual := patchMap{title: "residual stream", paths: stream(g)}
	maps := []patchMap{residual}
	for _, kind := range []string{"att", "cross", "mlp"} {
		one := patchMap{title: kind}
		for _, block := range blocks(g) {
			if slices.Contains(g.Taps(), path.Join(block, kind)) {
				one.paths = append(one.paths, path.Join(block, kind))
			}
		}
		maps = append(maps, one)
	}
	for _, source := range []bool{true, false} {
		one := patchMap{title: "recurrent layers", source: source}
		if source {
			one.title += " of the source"
		}
		for _, cell := range cells(g) {
			if ofSource(g, cell+"/h") == source {
				one.paths = append(one.paths, cell+"/h")
			}
		}
		maps = append(maps, one)
	}
	maps = slices.DeleteFunc(maps, func(m patchMap) bool { return m.paths == nil })
	if len(maps) == 0 {
		return nil, unfit("the model names no layers whose values could be patched", "模型没有可以替换其值的层")
	}
	return maps, nil
}
