package view

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"euryale/generation"
	"euryale/layers/graph"
	"euryale/models"
)

// Text is a text as a model reads it.
type Text struct {
	Model   models.Model
	Weights *graph.Weights
	Sequence
	Piece func(id int) string // label of a token
}

// Sequence is the input of a model: tokens, the token that each of them should predict (−1: none),
// and the source, if the model reads one.
type Sequence struct{ Tokens, Targets, Source []int }

// New returns a prompt and its continuation as the model of g reads them. Of a text that is longer
// than the model's context, the end is kept. Each token predicts the next one; in a model that
// restores hidden tokens, a hidden token predicts what the model restores.
func New(g *generation.Generator, p generation.Prompt, continuation []int) (*Text, error) {
	t := &Text{Model: g.Model, Weights: g.Weights, Piece: func(id int) string { return piece(g, id) }}
	if _, counts := g.Model.(models.Predictor); counts {
		return nil, unfit("an n-gram model consists of counts: it has no graph", "n 元模型只有计数，没有计算图")
	}
	t.Tokens, t.Source = slices.Concat(p.Tokens, continuation), p.Source
	if n := g.Model.Common().Context; len(t.Tokens) > n {
		t.Tokens = t.Tokens[len(t.Tokens)-n:]
	}
	if len(t.Tokens) == 0 {
		return nil, errors.New("there is no text to read: give a prompt")
	}
	if g.Format == nil || g.Format.Mask() < 0 {
		t.Targets = append(slices.Clone(t.Tokens[1:]), -1)
		return t, nil
	}
	t.Targets = slices.Repeat([]int{-1}, len(t.Tokens))
	if !slices.Contains(t.Tokens, g.Format.Mask()) {
		return t, nil
	}
	r, err := g.Restore(generation.Prompt{Tokens: t.Tokens})
	if err != nil {
		return nil, err
	}
	for i, id := range t.Tokens {
		if id == g.Format.Mask() {
			t.Targets[i] = r.Tokens[i]
		}
	}
	return t, nil
}

// piece returns a token as text, and as bytes in hexadecimal where it is no text by itself.
func piece(g *generation.Generator, id int) string {
	s := string(g.Tokenizer.Piece(id))
	if strings.ToValidUTF8(s, "") != s {
		return fmt.Sprintf("‹%x›", s)
	}
	return s
}

// Labels returns tokens as text.
func (t *Text) Labels(ids []int) []string {
	labels := make([]string, len(ids))
	for i, id := range ids {
		labels[i] = t.Piece(id)
	}
	return labels
}

func (t *Text) tokenAxis() Axis  { return Axis{Kind: Tokens, Labels: t.Labels(t.Tokens)} }
func (t *Text) sourceAxis() Axis { return Axis{Kind: Source, Labels: t.Labels(t.Source)} }

// graph returns the model's graph over the text, not compiled.
func (t *Text) graph() (*graph.Graph, error) {
	return models.Declared(t.Model, t.Weights, graph.Frame{B: 1, T: len(t.Tokens), S: len(t.Source)})
}

// read runs the model over the text and reads taps.
func (t *Text) read(taps ...string) (*models.Program, error) {
	return run(t.Model, t.Weights, []Sequence{t.Sequence}, taps...)
}

// run runs the model over sequences side by side and reads taps. The sequences are padded to the
// longest.
func run(m models.Model, w *graph.Weights, seqs []Sequence, taps ...string) (*models.Program, error) {
	f, feed := batch(seqs)
	p, err := models.Score(m, w, f, taps...)
	if err != nil {
		return nil, err
	}
	return p, p.Run(feed)
}

// batch returns the frame and the feed of sequences side by side.
func batch(seqs []Sequence) (f graph.Frame, feed graph.Feed) {
	f.B = len(seqs)
	for _, q := range seqs {
		f.T, f.S = max(f.T, len(q.Tokens)), max(f.S, len(q.Source))
	}
	for _, q := range seqs {
		feed.Tokens = append(feed.Tokens, padded(q.Tokens, f.T)...)
		feed.Targets = append(feed.Targets, padded(q.Targets, f.T)...)
		feed.Source = append(feed.Source, padded(q.Source, f.S)...)
	}
	return f, feed
}

// padded returns ids and −1 up to n.
func padded(ids []int, n int) []int {
	return append(slices.Clone(ids), slices.Repeat([]int{-1}, n-len(ids))...)
}
