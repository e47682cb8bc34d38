package view

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
)

// Ablation returns how much the mean loss of a token rises, in nats, when a part of the model is set to zero
// on all of the sequences: each attention layer and each of its heads, each MLP, each recurrent layer. The notes have
// 95 % intervals of the paired differences: over sequences, or over tokens if there is one sequence.
// The grid "units" has, of each MLP and recurrent layer, the units units whose values have the largest
// mean squares; its texts are their numbers.
func Ablation(ctx context.Context, m models.Model, w *graph.Weights, seqs []Sequence, units int) (*Figure, error) {
	if len(seqs) == 0 {
		return nil, noSample()
	}
	a, err := newAblation(m, w, seqs)
	if err != nil {
		return nil, err
	}
	f := &Figure{Name: "ablation"}
	parts, err := a.parts(ctx)
	if err != nil {
		return nil, err
	}
	f.Grids = append(f.Grids, *parts)
	if units > 0 && len(a.unitTaps) > 0 {
		g, err := a.units(ctx, units)
		if err != nil {
			return nil, err
		}
		f.Grids = append(f.Grids, *g)
	}
	return f, nil
}

func noSample() error {
	return unfit("there is no other text: the run names no corpus, as an imported one", "没有其他文本：该运行没有语料，例如导入的模型")
}

// ablation is a program that zeroes parts of a model.
type ablation struct {
	*changer
	seqs     []Sequence
	layers   []string       // paths of layers
	heads    int            // the most heads of a layer
	index    map[string]int // of the change of a path
	unitTaps []string
	clean    []float64 // losses of the rows
}

func newAblation(m models.Model, w *graph.Weights, seqs []Sequence) (*ablation, error) {
	f, _ := batch(seqs)
	g, err := models.Declared(m, w, f)
	if err != nil {
		return nil, err
	}
	a := &ablation{seqs: seqs, index: map[string]int{}}
	var paths []string
	add := func(p string) {
		if _, known := a.index[p]; !known {
			a.index[p], paths = len(paths), append(paths, p)
		}
	}
	for _, layer := range partsOf(g) {
		a.layers = append(a.layers, layer)
		add(layer)
		heads := headsOf(g, layer)
		for _, h := range heads {
			add(h)
		}
		a.heads = max(a.heads, len(heads))
		for _, tap := range []string{layer + "/post", layer} {
			if _, err := g.Tap(tap); err == nil && len(heads) == 0 && !isCross(layer) {
				a.unitTaps = append(a.unitTaps, tap)
				add(tap)
				break
			}
		}
	}
	if len(a.layers) == 0 {
		return nil, unfit("the model names no layers that could be left out", "模型没有可以去除的层")
	}
	if a.changer, err = newChanger(m, w, seqs, paths, a.unitTaps...); err != nil {
		return nil, err
	}
	if err := a.run(); err != nil {
		return nil, err
	}
	a.clean = a.Float64s("losses")
	return a, nil
}

// isCross reports whether a layer is a recurrent decoder's attention to the source, which has no units.
func isCross(layer string) bool { return path.Base(layer) == "cross" }

// partsOf returns the paths of the layers to leave out, in the order of blocks: those that end in att, cross or
// mlp, and recurrent layers.
func partsOf(g *graph.Graph) []string {
	var all []string
	recurrent := cells(g)
	for _, tap := range g.Taps() {
		switch path.Base(tap) {
		case "att", "cross", "mlp":
			if number(path.Dir(tap)) >= 0 {
				all = append(all, tap)
			}
		default:
			if slices.Contains(recurrent, tap) {
				all = append(all, tap)
			}
		}
	}
	order := func(p string) int {
		n := number(p)
		if n < 0 {
			n = number(path.Dir(p))
		}
		n *= 4
		switch path.Base(p) {
		case "cross":
			n++
		case "mlp":
			n += 2
		}
		if !strings.HasPrefix(p, "enc/") {
			n += 1 << 20
		}
		return n
	}
	slices.SortStableFunc(all, func(a, b string) int { return order(a) - order(b) })
	return all
}

// without returns the rise of the loss with a change, and half its interval.
func (a *ablation) without(ctx context.Context, path string, change ops.Change) (rise, half float64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	a.reset()
	*a.changes[a.index[path]] = change
	if err := a.run(); err != nil {
		return 0, 0, err
	}
	return a.difference(a.Float64s("losses"))
}

// difference returns the mean difference to the clean losses of tokens with targets.
func (a *ablation) difference(losses []float64) (mean, half float64, err error) {
	t := a.Frame().T
	var tokens, sequences []float64
	for b, q := range a.seqs {
		sum, n := 0.0, 0
		for i, id := range q.Targets {
			if id >= 0 {
				d := losses[b*t+i] - a.clean[b*t+i]
				sum, n, tokens = sum+d, n+1, append(tokens, d)
			}
		}
		if n > 0 {
			sequences = append(sequences, sum/float64(n))
		}
	}
	if len(tokens) == 0 {
		return 0, 0, noPredictions()
	}
	mean, half = interval(tokens)
	if len(sequences) > 1 {
		_, half = interval(sequences)
	}
	return mean, half, nil
}

// parts leaves out layers and heads.
func (a *ablation) parts(ctx context.Context) (*Grid, error) {
	cols := headAxis(a.heads)
	cols.Labels = append([]string{"all"}, cols.Labels...)
	g := newGrid("Δ loss", Axis{Kind: Layers, Labels: a.layers}, cols)
	for i, layer := range a.layers {
		for j := range cols.Labels {
			path := layer
			if j > 0 {
				path = headPath(layer, j-1)
			}
			if _, known := a.index[path]; !known {
				continue
			}
			rise, half, err := a.without(ctx, path, ops.Change{Op: ops.Assign})
			if err != nil {
				return nil, err
			}
			g.set(i, j, rise)
			g.note(i, j, "± %.2g", half)
		}
	}
	return &g, nil
}

// units leaves out single columns.
func (a *ablation) units(ctx context.Context, count int) (*Grid, error) {
	a.reset()
	if err := a.run(); err != nil {
		return nil, err
	}
	largest := map[string][]int{}
	width := map[string]int{}
	for _, tap := range a.unitTaps {
		width[tap] = a.Shape(tap)[1]
		squares := make([]float64, width[tap])
		for i, v := range a.Float64s(tap) {
			squares[i%width[tap]] += v * v
		}
		largest[tap] = top(squares, count)
	}
	cols := Axis{Kind: Entries}
	for k := range count {
		cols.Labels = append(cols.Labels, fmt.Sprint(k+1))
	}
	g := newGrid("units: Δ loss", Axis{Kind: Layers, Labels: a.unitTaps}, cols)
	g.Text = make([]string, len(g.Values))
	for i, tap := range a.unitTaps {
		for k, unit := range largest[tap] {
			mask := slices.Repeat([]float64{1}, width[tap])
			mask[unit] = 0
			rise, half, err := a.without(ctx, tap, ops.Change{Op: ops.Multiply, Value: table(mask, width[tap])})
			if err != nil {
				return nil, err
			}
			g.set(i, k, rise)
			g.Text[i*count+k] = fmt.Sprint(unit)
			g.note(i, k, "unit %d, ± %.2g", unit, half)
		}
	}
	return &g, nil
}
