package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"euryale/generation"
	"euryale/inspect"
	"euryale/inspect/view"
)

// quotesTap is the state h of the LSTM, which predictions are made of.
const quotesTap = "lstm0/c"

// quotes prints how well the state of every model tells whether a character is inside of a quotation,
// by a probe and by one unit, and what is lost without that unit.
func quotes(ctx context.Context, w io.Writer, dir string, seeds int) error {
	var probe, majority, control, selectivity, best, without, closing, closingWithout, rest, restWithout, closingOther []float64
	units := ""
	for seed := 1; seed <= seeds; seed++ {
		g, text, err := trained(ctx, dir, "quotes-lstm", seed)
		if err != nil {
			return err
		}
		q, err := readQuotes(g, text, 200)
		if err != nil {
			return err
		}
		r, err := view.Probe(q.examples, view.ProbeOptions{})
		if err != nil {
			return err
		}
		rs := correlations(q.examples)
		unit := slices.Index(rs, slices.Max(rs))
		other := slices.Index(rs, slices.Min(rs))
		units += fmt.Sprintf(" %d (%d in the probe)", unit, 1+slices.Index(r.Units, unit))
		c, o, err := q.loss(g)
		if err != nil {
			return err
		}
		cu, ou, err := q.loss(g, inspect.Intervention{Path: quotesTap, Op: "*=", Value: inspect.Vector(1, without1(len(rs), unit))})
		if err != nil {
			return err
		}
		cc, _, err := q.loss(g, inspect.Intervention{Path: quotesTap, Op: "*=", Value: inspect.Vector(1, without1(len(rs), other))})
		if err != nil {
			return err
		}
		probe, majority, control, selectivity = append(probe, r.Accuracy), append(majority, r.Majority), append(control, r.Control), append(selectivity, r.Selectivity)
		best, without = append(best, rs[unit]), append(without, rs[other])
		closing, rest, closingWithout, restWithout, closingOther = append(closing, c), append(rest, o), append(closingWithout, cu), append(restWithout, ou), append(closingOther, cc)
	}
	fmt.Fprintln(w, summary(probe), summary(majority), summary(control), summary(selectivity), summary(best), summary(without), units)
	fmt.Fprintln(w, summary(closing), summary(closingWithout), summary(closingOther), "|", summary(rest), summary(restWithout))
	return nil
}

func without1(n, unit int) []float32 {
	row := slices.Repeat([]float32{1}, n)
	row[unit] = 0
	return row
}

// quoted are lines of the corpus quotes, and the states of a model that reads them.
type quoted struct {
	lines    [][]int
	closes   [][]bool // of each character: it closes a quotation
	examples view.Examples
}

// readQuotes returns n lines of a text. The labels of the examples are 1 inside of quotation marks and 0
// outside; the marks themselves, and parentheses, have none. The control task labels the last three
// characters: a probe knows 25 characters by heart.
func readQuotes(g *generation.Generator, text string, n int) (q quoted, err error) {
	var seqs []view.Sequence
	var labels [][]int
	var types []int
	for s := range strings.Lines(text[strings.Index(text, "\n")+1:]) {
		if len(seqs) == n {
			break
		}
		tokens, err := g.Tokenizer.Encode(s)
		if err != nil {
			return q, err
		}
		label, closes := make([]int, len(s)), make([]bool, len(s))
		inside := 0
		for i, c := range []byte(s) {
			if c == '"' {
				closes[i] = inside == 1
				inside = 1 - inside
			}
			if label[i] = inside; strings.IndexByte(`"()`, c) >= 0 {
				label[i] = -1
				continue
			}
			last := 0
			for _, c := range []byte(s[max(0, i-2) : i+1]) {
				last = last<<8 + int(c)
			}
			types = append(types, last)
		}
		seqs, labels, q.closes, q.lines = append(seqs, view.Sequence{Tokens: tokens}), append(labels, label), append(q.closes, closes), append(q.lines, tokens)
	}
	q.examples, err = view.ReadRows(g.Model, g.Weights, quotesTap, seqs, labels)
	q.examples.Types = types
	return q, err
}

// correlations returns, for each unit, the absolute correlation of its value with the labels.
func correlations(e view.Examples) []float64 {
	y := make([]float64, len(e.Labels))
	for i, l := range e.Labels {
		y[i] = float64(l)
	}
	rs, x := make([]float64, len(e.Values[0])), make([]float64, len(e.Values))
	for u := range rs {
		for i, row := range e.Values {
			x[i] = row[u]
		}
		rs[u] = math.Abs(stat.Correlation(x, y, nil))
	}
	return rs
}

// loss returns the mean losses of the marks that close a quotation, and of all other characters.
func (q quoted) loss(g *generation.Generator, list ...inspect.Intervention) (closing, rest float64, err error) {
	edited, err := inspect.Open(g, inspect.Text{}, list...)
	if err != nil {
		return 0, 0, err
	}
	all, f, err := lossesOf(edited, q.lines)
	var closings, rests float64
	for b, tokens := range q.lines {
		for i := 1; i < len(tokens); i++ {
			if loss := float64(all[b*f.T+i-1]); q.closes[b][i] {
				closing, closings = closing+loss, closings+1
			} else {
				rest, rests = rest+loss, rests+1
			}
		}
	}
	return closing / closings, rest / rests, err
}
