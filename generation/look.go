package generation

import (
	"fmt"
	"path"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"euryale/internal/near"
	"euryale/layers"
	"euryale/layers/draw"
	"euryale/layers/graph"
	"euryale/models"
)

// pass is a forward pass over a text, and the taps read in it.
type pass struct {
	*models.Program
	rows, source []string // tokens of the text and of its source, as labels
}

// wide is the number of tokens above which only two maps are drawn side by side.
const wide = 24

// Attention draws the attention weights of layers over a prompt and its continuation: each
// row is a token, each column one that it attends to, each map a head. Names are paths of
// attention layers, as "h0/att"; without any, all layers are drawn. A name that matches no
// layer is an error that lists near names. Of a text longer than the model's context the
// end is shown.
func (g *Generator) Attention(p Prompt, continuation []int, names ...string) (draw.Maps, error) {
	taps, err := g.taps(graph.AttentionWeights, "attention", p, names)
	if err != nil {
		return draw.Maps{}, err
	}
	l, err := g.readTaps(p, continuation, taps)
	if err != nil {
		return draw.Maps{}, err
	}
	var m draw.Maps
	for _, name := range taps {
		heads, err := l.heads(name)
		if err != nil {
			return m, err
		}
		m.Each, m.Across = append(m.Each, heads...), max(m.Across, len(heads))
	}
	m.Across = min(m.Across, 4)
	if len(l.rows) > wide {
		m.Across = min(m.Across, 2)
	}
	return m, nil
}

// Gates draws the gates of LSTM layers over a text, token by token: the rows are the first
// units of each gate, so many of them. Names are paths of layers, as in
// Attention.
func (g *Generator) Gates(p Prompt, units int, names ...string) (draw.Maps, error) {
	taps, err := g.taps(graph.LSTMGates, "LSTM", p, names)
	if err != nil {
		return draw.Maps{}, err
	}
	l, err := g.readTaps(p, nil, taps)
	if err != nil {
		return draw.Maps{}, err
	}
	m := draw.Maps{Across: 1}
	for _, name := range taps {
		h, values := l.Shape(name)[1]/4, l.Float64s(name)
		if units < 1 || units > h {
			return m, fmt.Errorf("%d units of %s, which has %d: ask for 1 to %d", units, name, h, h)
		}
		for i, gate := range []string{"input", "forget", "candidate", "output"} {
			one := draw.Map{Title: path.Dir(name) + " " + gate, Cols: l.rows}
			for u := range units {
				one.Rows = append(one.Rows, fmt.Sprint(u))
				for t := range l.rows {
					one.Values = append(one.Values, values[t*4*h+i*h+u])
				}
			}
			m.Each = append(m.Each, one)
		}
	}
	return m, nil
}

// NoLayersError says that a model has no layers of a kind that could be looked at.
type NoLayersError struct{ Kind string }

// Error implements error.
func (e *NoLayersError) Error() string { return fmt.Sprintf("the model has no %s layers", e.Kind) }

// taps returns the taps that layers have declared as view: those of the layers named, or
// of all.
func (g *Generator) taps(view graph.View, kind string, p Prompt, names []string) ([]string, error) {
	built, err := graph.Build(g.Weights, graph.Frame{B: 1, T: 1, S: len(p.Source)}, func(s *layers.Scope) { g.Model.Logits(s, s.Tokens()) })
	if err != nil {
		return nil, err
	}
	var all, taps []string
	tapOf := map[string]string{} // of a layer
	for _, tap := range built.Views(view) {
		layer := path.Dir(tap)
		all, tapOf[layer], tapOf[tap] = append(all, layer), tap, tap
	}
	if len(all) == 0 {
		return nil, &NoLayersError{kind}
	}
	if len(names) == 0 {
		names = all
	}
	for _, name := range names {
		tap, ok := tapOf[name]
		if !ok {
			return nil, fmt.Errorf("no %s layer is called %q; near it: %q", kind, name, near.Names(name, all, 5))
		}
		taps = append(taps, tap)
	}
	return taps, nil
}

// readTaps runs the model over a text and returns the named values.
func (g *Generator) readTaps(p Prompt, continuation []int, taps []string) (*pass, error) {
	tokens := slices.Concat(p.Tokens, continuation)
	if n := g.Model.Common().Context; len(tokens) > n {
		tokens = tokens[len(tokens)-n:]
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("there is no text to read: give a prompt")
	}
	prog, err := models.Score(g.Model, g.Weights, graph.Frame{B: 1, T: len(tokens), S: len(p.Source)}, taps...)
	if err != nil {
		return nil, err
	}
	if err := prog.Run(graph.Feed{Tokens: tokens, Source: p.Source}); err != nil {
		return nil, err
	}
	return &pass{prog, g.Labels(tokens), g.Labels(p.Source)}, nil
}

// Labels returns tokens as text, and as bytes where they are no text by themselves.
func (g *Generator) Labels(ids []int) []string {
	var labels []string
	for _, id := range ids {
		s := string(g.Tokenizer.Piece(id))
		if strings.ToValidUTF8(s, "") != s {
			s = fmt.Sprintf("%x", s)
		}
		labels = append(labels, s)
	}
	return labels
}

// heads returns the maps of one attention layer.
func (l *pass) heads(name string) ([]draw.Map, error) {
	n, err := l.Tap(name)
	if err != nil {
		return nil, err
	}
	rows, cols := l.sides(n)
	shape := l.Shape(name)
	if len(shape) != 2 || shape[0] != len(rows) || len(cols) == 0 || shape[1]%len(cols) != 0 {
		return nil, fmt.Errorf("%s is %v, want (%d, H·%d): a row for each token and a column for each that it attends to", name, shape, len(rows), len(cols))
	}
	heads, values := shape[1]/len(cols), l.Float64s(name)
	maps := make([]draw.Map, heads)
	for h := range maps {
		m := draw.Map{Title: path.Dir(name), Rows: rows, Cols: cols}
		if heads > 1 {
			m.Title += fmt.Sprintf(" head %d", h+1)
		}
		for r := range rows {
			m.Values = append(m.Values, values[(r*heads+h)*len(cols):][:len(cols)]...)
		}
		maps[h] = m
	}
	return maps, nil
}

// sides returns the labels of the queries and of the keys of attention weights n.
func (l *pass) sides(n *G.Node) (rows, cols []string) {
	rows, cols = l.rows, l.rows
	queries, keys := l.Sides(n)
	if queries {
		rows = l.source
	}
	if keys {
		cols = l.source
	}
	return rows, cols
}
