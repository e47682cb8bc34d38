package view

import (
	"context"
	"fmt"
	"slices"
)

// previousClasses is the number of tokens that the probes of Probes tell apart; all others are one class.
const previousClasses = 7

// Probes fits linear probes of the token before each token on the residual stream after every block, or on the
// states of recurrent layers, with control tasks (Hewitt and Liang 2019): rows are layers, and the
// columns accuracy on held-out tokens, accuracy on the control task, their difference (selectivity), and the
// accuracy of always answering the most frequent class. The classes are the most frequent tokens and all others.
func Probes(ctx context.Context, t *Text, seqs []Sequence) (*Figure, error) {
	if len(seqs) == 0 {
		return nil, noSample()
	}
	g, err := t.graph()
	if err != nil {
		return nil, err
	}
	taps := stream(g)
	for _, layer := range cells(g) {
		if !ofSource(g, layer+"/h") {
			taps = append(taps, layer+"/h")
		}
	}
	if len(taps) == 0 {
		return nil, unfit("the model has neither a residual stream nor recurrent layers", "模型既没有残差流也没有循环层")
	}
	labels := previousLabels(seqs)
	rows := Axis{Kind: Layers}
	cols := Axis{Kind: Entries, Labels: []string{"accuracy", "control task", "selectivity", "most frequent"}}
	var values []float64
	var text []string
	for _, tap := range taps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, err := ReadRows(t.Model, t.Weights, tap, seqs, labels)
		if err != nil {
			return nil, err
		}
		r, err := Probe(e, ProbeOptions{})
		if err != nil {
			return nil, err
		}
		rows.Labels = append(rows.Labels, layerOf(tap))
		for _, v := range []float64{r.Accuracy, r.Control, r.Selectivity, r.Majority} {
			values, text = append(values, v), append(text, fmt.Sprintf("%.2f", v))
		}
	}
	return &Figure{Name: "probes", Scale: 1, Grids: []Grid{{Title: "previous token", Rows: rows, Cols: cols, Values: values, Text: text}}}, nil
}

// previousLabels returns the class of the token before each token; −1 for the first of a sequence.
func previousLabels(seqs []Sequence) [][]int {
	counts := map[int]int{}
	most := 0
	for _, q := range seqs {
		for _, id := range q.Tokens {
			counts[id]++
			most = max(most, id)
		}
	}
	frequency := make([]float64, most+1)
	for id, n := range counts {
		frequency[id] = float64(n)
	}
	classes := top(frequency, previousClasses)
	labels := make([][]int, len(seqs))
	for s, q := range seqs {
		labels[s] = slices.Repeat([]int{-1}, len(q.Tokens))
		for i := 1; i < len(q.Tokens); i++ {
			if labels[s][i] = slices.Index(classes, q.Tokens[i-1]); labels[s][i] < 0 {
				labels[s][i] = len(classes)
			}
		}
	}
	return labels
}
