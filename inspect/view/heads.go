package view

import (
	"fmt"
	"math/rand/v2"

	"euryale/layers/graph"
	"euryale/models"
)

// HeadScore says what a self-attention head attends to in random text that repeats: means of its
// attention weights, from 0 to 1 (Elhage et al. 2021, Olsson et al. 2022, Wang et al. 2022).
type HeadScore struct {
	Layer     string  // path of the attention layer
	Head      int     // from 0
	Previous  float64 // from each token to the one before
	Duplicate float64 // from each token of the repetition to the same token before
	Induction float64 // from each token of the repetition to the one that followed the same token before
}

// Path returns the head's path, as "h0/att/head3".
func (s HeadScore) Path() string { return headPath(s.Layer, s.Head) }

// HeadOptions says on what text heads are scored.
type HeadOptions struct {
	Length int    // tokens of the part that is repeated; 0: 16, or what half the context holds
	Texts  int    // texts; 0: 16
	IDs    []int  // tokens to choose from; nil: all
	Seed   uint64 // of the choice
}

// HeadScores scores every causal self-attention head on texts of random tokens, each repeated once:
// x₁ … xₙ x₁ … xₙ. Random tokens leave a model nothing to attend by but positions and repetition.
func HeadScores(m models.Model, w *graph.Weights, o HeadOptions) ([]HeadScore, error) {
	if models.IsBidirectional(m) {
		return nil, unfit("the model is bidirectional: the heads that the scores look for read from left to right", "模型是双向的：这些得分针对从左到右的注意力头")
	}
	texts, n, err := o.texts(m)
	if err != nil {
		return nil, err
	}
	t := &Text{Model: m, Weights: w, Sequence: texts[0]}
	g, err := t.graph()
	if err != nil {
		return nil, err
	}
	taps := g.Views(graph.AttentionWeights)
	if len(taps) == 0 {
		return nil, unfit("the model has no attention layers", "模型没有注意力层")
	}
	p, err := run(m, w, texts, taps...)
	if err != nil {
		return nil, err
	}
	var scores []HeadScore
	for b := range texts {
		all, err := readAttention(p, taps, b)
		if err != nil {
			return nil, err
		}
		scores = addScores(scores, all, n, float64(len(texts)))
	}
	if scores == nil {
		return nil, unfit("the model has no self-attention over the text", "模型对文本没有自注意力")
	}
	return scores, nil
}

// addScores adds the scores of one text, divided by the number of texts. In the other texts the heads
// come in the same order.
func addScores(scores []HeadScore, all []attention, n int, texts float64) []HeadScore {
	at := 0
	for _, a := range all {
		if a.fromSource || a.toSource {
			continue
		}
		for h, weights := range a.heads {
			if at == len(scores) {
				scores = append(scores, HeadScore{Layer: a.layer, Head: h})
			}
			s := &scores[at]
			at++
			for i := 1; i < 2*n; i++ {
				s.Previous += weights[i*a.cols+i-1] / float64(2*n-1) / texts
			}
			for i := n; i < 2*n; i++ {
				s.Duplicate += weights[i*a.cols+i-n] / float64(n) / texts
				s.Induction += weights[i*a.cols+i-n+1] / float64(n) / texts
			}
		}
	}
	return scores
}

// texts returns random texts, and the length of what each repeats.
func (o HeadOptions) texts(m models.Model) (texts []Sequence, n int, err error) {
	half := m.Common().Context / 2
	if o.Length == 0 {
		o.Length = min(16, half)
	}
	if o.Texts == 0 {
		o.Texts = 16
	}
	if o.Length < 2 || o.Length > half {
		return nil, 0, fmt.Errorf("the repeated part has %d tokens, want from 2 to half of the model's context, %d", o.Length, half)
	}
	ids := o.IDs
	if ids == nil {
		for id := range m.Common().Vocab {
			ids = append(ids, id)
		}
	}
	rng := rand.New(rand.NewPCG(o.Seed, 21))
	for range o.Texts {
		part := make([]int, o.Length)
		order := rng.Perm(len(ids))
		for i := range part { // distinct while there are enough tokens
			part[i] = ids[order[i%len(ids)]]
		}
		q := Sequence{Tokens: append(part, part...)}
		q.Targets = append(append([]int(nil), q.Tokens[1:]...), -1)
		if s := models.SourceOf(m); s > 0 {
			q.Source = part[:min(s, o.Length)]
		}
		texts = append(texts, q)
	}
	return texts, o.Length, nil
}

// HeadFigure draws scores of heads: a grid for each score, a row for each layer, a column for each head.
func HeadFigure(scores []HeadScore) *Figure {
	var layers []string
	heads := 0
	row := map[string]int{}
	for _, s := range scores {
		if _, known := row[s.Layer]; !known {
			row[s.Layer] = len(layers)
			layers = append(layers, s.Layer)
		}
		heads = max(heads, s.Head+1)
	}
	rows, cols := Axis{Kind: Layers, Labels: layers}, headAxis(heads)
	induction, previous, duplicate := newGrid("induction", rows, cols), newGrid("previous token", rows, cols), newGrid("duplicate token", rows, cols)
	for _, s := range scores {
		induction.set(row[s.Layer], s.Head, s.Induction)
		previous.set(row[s.Layer], s.Head, s.Previous)
		duplicate.set(row[s.Layer], s.Head, s.Duplicate)
	}
	return &Figure{Name: "heads", Scale: 1, Grids: []Grid{induction, previous, duplicate}}
}

func headAxis(n int) Axis {
	a := Axis{Kind: Heads}
	for h := range n {
		a.Labels = append(a.Labels, fmt.Sprint(h))
	}
	return a
}

// numbers returns integers as labels.
func numbers(all []int) []string {
	labels := make([]string, len(all))
	for i, n := range all {
		labels[i] = fmt.Sprint(n)
	}
	return labels
}
