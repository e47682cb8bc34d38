package view

import (
	"errors"
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
)

// Output is what a model says after a token of the text, reduced to a number: the log-probability of a
// token in nats, or the difference of the logits of two tokens.
type Output struct {
	At      int // position in the text: what the model predicts there
	Token   int
	Against int // token that Token is compared with (Yin and Neubig 2022); −1: none
}

// Next returns the output of a position: the log-probability of the token that the text has there.
func (t *Text) Next(at int) (Output, error) {
	if at < 0 || at >= len(t.Tokens) {
		return Output{}, fmt.Errorf("there is no position %d: the text has %d tokens, from 0", at, len(t.Tokens))
	}
	if t.Targets[at] < 0 {
		return Output{}, fmt.Errorf("position %d predicts no token of the text: name one", at)
	}
	return Output{At: at, Token: t.Targets[at], Against: -1}, nil
}

// Check returns an error if the output is none of the text.
func (o Output) Check(t *Text) error {
	v := t.Model.Common().Vocab
	switch {
	case o.At < 0 || o.At >= len(t.Tokens):
		return fmt.Errorf("there is no position %d: the text has %d tokens, from 0", o.At, len(t.Tokens))
	case o.Token < 0 || o.Token >= v || o.Against >= v:
		return fmt.Errorf("tokens %d and %d, want ids from 0 to %d", o.Token, o.Against, v-1)
	}
	return nil
}

// value returns the output of logits (T, V).
func (o Output) value(logits []float64, v int) float64 {
	row := logits[o.At*v : (o.At+1)*v]
	if o.Against >= 0 {
		return row[o.Token] - row[o.Against]
	}
	return logSoftmax(row)[o.Token]
}

// label names the output, as "h→e" or "h→e≠a".
func (t *Text) label(o Output) string {
	if o.Against >= 0 {
		return fmt.Sprintf("%s→%s≠%s", t.Piece(t.Tokens[o.At]), t.Piece(o.Token), t.Piece(o.Against))
	}
	return fmt.Sprintf("%s→%s", t.Piece(t.Tokens[o.At]), t.Piece(o.Token))
}

// explained is a model whose objective is an output of each sequence, instead of a loss. gorgonia.Grad then
// derives the gradient of the output.
type explained struct {
	models.Model
	coefficients *G.Node // (B·T, V): of the logits, for outputs that are compared
	chosen       *G.Node // (B·T): 1 where the output is a log-probability
}

// Loss declares the objective.
//
//	logits: (B·T, V) → (B·T)
func (e *explained) Loss(s *layers.Scope, logits *G.Node) *G.Node {
	s = s.Sub("explained")
	zero := func(int) float64 { return 0 }
	e.coefficients = s.Const("coefficients", logits.Shape(), zero)
	e.chosen = s.Const("chosen", logits.Shape()[:1], zero)
	difference := s.Must(G.Sum(layers.Mul(s.Sub("compared"), logits, e.coefficients), 1)) // (B·T)
	return layers.Sub(s, difference, layers.Mul(s, e.chosen, layers.CrossEntropy(s, logits, 0)))
}

// gradients is the program of outputs and of their gradients with respect to the embeddings.
type gradients struct {
	*models.Program
	model      *explained
	text       *Text
	embeddings []embedding
	changes    []*ops.Change // of the embeddings; none unless they are to be scaled
}

// embedding is the tap of the rows that a table of tokens gives.
type embedding struct {
	path   string
	source bool // of the source's tokens
}

// embeddings returns the taps whose rows are looked up by the tokens of text and source.
func (t *Text) embeddings() ([]embedding, error) {
	g, err := t.graph()
	if err != nil {
		return nil, err
	}
	var all []embedding
	for _, path := range g.Taps() {
		n, err := g.Tap(path)
		if err != nil {
			return nil, err
		}
		if n.Op() == nil || n.Dims() != 2 || g.Origin(n).Path != path { // another name of the same value
			continue
		}
		for _, in := range g.Operands(n) {
			if name := in.Name(); name == "tokens" || name == "source/tokens" {
				all = append(all, embedding{path, name != "tokens"})
			}
		}
	}
	if all == nil {
		return nil, unfit("the model has no embedding of its tokens to differentiate by", "模型没有可对其求导的词元嵌入")
	}
	return all, nil
}

// differentiate compiles the program of so many outputs at once, with changes of the embeddings if scaled
// is set.
func (t *Text) differentiate(outputs int, scaled bool) (*gradients, error) {
	all, err := t.embeddings()
	if err != nil {
		return nil, err
	}
	var edits []graph.Edit
	d := &gradients{text: t, embeddings: all}
	if scaled {
		var paths []string
		for _, e := range all {
			paths = append(paths, e.path)
		}
		edits, d.changes = editsOf(paths)
	}
	d.model = &explained{Model: models.Edited(t.Model, edits)}
	var missing error
	f := graph.Frame{B: outputs, T: len(t.Tokens), S: len(t.Source), Gradient: true}
	d.Program, err = models.Inspect(d.model, t.Weights, f, func(g *graph.Graph) map[string]*G.Node {
		chosen := map[string]*G.Node{}
		for _, e := range all {
			n, err := g.Tap(e.path)
			if err == nil && n.Deriv() == nil {
				err = fmt.Errorf("the output does not depend on %s", e.path)
			}
			if missing = errors.Join(missing, err); missing == nil {
				chosen[e.path], chosen[derivative(e.path)] = n, n.Deriv()
			}
		}
		return chosen
	})
	if err = errors.Join(missing, err); err != nil {
		return nil, err
	}
	if len(d.Losses()) > 0 {
		return nil, unfit("the model adds losses of its own to what is differentiated", "模型在求导的目标中加入了自己的损失项")
	}
	return d, nil
}

func derivative(path string) string { return "d " + path }

// run computes outputs and gradients. There may be fewer outputs than the program has room for.
func (d *gradients) run(outputs []Output) error {
	f := d.Frame()
	q := d.text.Sequence
	q.Targets = nil
	v := d.text.Model.Common().Vocab
	fill(d.model.coefficients, nil)
	fill(d.model.chosen, nil)
	var feed graph.Feed
	for b := range f.B {
		o := outputs[min(b, len(outputs)-1)]
		targets := slices.Repeat([]int{-1}, f.T)
		targets[o.At] = o.Token
		feed.Tokens, feed.Source, feed.Targets = append(feed.Tokens, q.Tokens...), append(feed.Source, q.Source...), append(feed.Targets, targets...)
		row := b*f.T + o.At
		if o.Against >= 0 {
			fill(d.model.coefficients, map[int]float64{row*v + o.Token: 1, row*v + o.Against: -1})
		} else {
			fill(d.model.chosen, map[int]float64{row: 1})
		}
	}
	feed.Total = 1
	return d.Run(feed)
}

// fill sets values of a constant; nil sets all to 0.
func fill(n *G.Node, values map[int]float64) {
	switch x := n.Value().(*tensor.Dense).Data().(type) {
	case []float32:
		if values == nil {
			clear(x)
		}
		for i, v := range values {
			x[i] += float32(v)
		}
	case []float64:
		if values == nil {
			clear(x)
		}
		for i, v := range values {
			x[i] += v
		}
	}
}

// rows returns the embedding of output b and its gradient, a row for each token.
func (d *gradients) rows(e embedding, b int) (x, dx [][]float64) {
	n := d.Frame().T
	if e.source {
		n = d.Frame().S
	}
	width := d.Shape(e.path)[1]
	cut := func(name string) (rows [][]float64) {
		values := d.Float64s(name)
		for r := b * n; r < (b+1)*n; r++ {
			rows = append(rows, values[r*width:(r+1)*width])
		}
		return rows
	}
	return cut(e.path), cut(derivative(e.path))
}

// outputAxis returns rows for outputs, which are at the positions of the predicted tokens.
func (t *Text) outputAxis(outputs []Output) (Axis, error) {
	rows := Axis{Kind: Tokens}
	if len(outputs) == 0 {
		return rows, noPredictions()
	}
	for _, o := range outputs {
		if err := o.Check(t); err != nil {
			return rows, err
		}
		rows.Labels, rows.Index = append(rows.Labels, t.label(o)), append(rows.Index, t.positionsOf([]int{o.At})[0])
	}
	return rows, nil
}

// saliencyGrids returns a grid for the text and one for the source. Embeddings of the same tokens
// add up.
func (t *Text) saliencyGrids(all []embedding, rows Axis) (text, source *Grid) {
	for _, e := range all {
		if e.source && source == nil {
			g := newGrid("source", rows, t.sourceAxis())
			clear(g.Values)
			source = &g
		}
		if !e.source && text == nil {
			g := newGrid("text", rows, t.tokenAxis())
			clear(g.Values)
			text = &g
		}
	}
	return text, source
}

// figureOf returns a figure of the grids that are not nil.
func figureOf(name string, grids ...*Grid) *Figure {
	f := &Figure{Name: name}
	for _, g := range grids {
		if g != nil {
			f.Grids = append(f.Grids, *g)
		}
	}
	return f
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// finite returns an error if a value is not finite.
func finite(what string, values []float64) error {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s has the value %v: the weights or the text are not fit for it", what, v)
		}
	}
	return nil
}
