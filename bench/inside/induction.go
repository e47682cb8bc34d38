package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"euryale/data"
	"euryale/generation"
	"euryale/inspect"
	"euryale/inspect/view"
)

// The scores from which a head counts as an induction or a previous-token head, and the previous-token
// score below which a head that is neither serves as a control.
const found, absent = 0.4, 0.1

// group is a kind of heads, and what is measured in each model.
type group struct {
	name                    string
	is                      func(s view.HeadScore) bool
	count, repeated, others []float64
}

// induction prints how many heads of each kind the models have, and the losses of letters that can be
// copied and of all others with those heads ablated: their output is replaced by its mean.
func induction(ctx context.Context, w io.Writer, dir string, seeds int) error {
	groups := []*group{
		{name: "none", is: func(view.HeadScore) bool { return false }},
		{name: "induction", is: func(s view.HeadScore) bool { return s.Induction >= found }},
		{name: "previous token", is: func(s view.HeadScore) bool { return s.Previous >= found }},
		{name: "control", is: func(s view.HeadScore) bool { return s.Induction < absent && s.Previous < absent }},
	}
	fmt.Fprintln(w, "| seed | head | previous token | duplicate token | induction |\n| --- | --- | --- | --- | --- |")
	for seed := 1; seed <= seeds; seed++ {
		g, text, err := trained(ctx, dir, "induction-gpt", seed)
		if err != nil {
			return err
		}
		letters, err := g.Tokenizer.Encode(data.RepeatsLetters)
		if err != nil {
			return err
		}
		scores, err := view.HeadScores(g.Model, g.Weights, view.HeadOptions{IDs: letters, Texts: 64})
		if err != nil {
			return err
		}
		for _, s := range scores {
			fmt.Fprintf(w, "| %d | %s | %.2f | %.2f | %.2f |\n", seed, s.Path(), s.Previous, s.Duplicate, s.Induction)
		}
		if err := ablate(g, text, scores, groups); err != nil {
			return err
		}
	}
	fmt.Fprintln(w, "\n| ablated heads | number | loss, repeated | loss, other letters |\n| --- | --- | --- | --- |")
	for _, k := range groups {
		fmt.Fprintf(w, "| %s | %.0f | %s | %s |\n", k.name, k.count, summary(k.repeated), summary(k.others))
	}
	return nil
}

// ablate adds the losses of a model without the heads of each group.
func ablate(g *generation.Generator, text string, scores []view.HeadScore, groups []*group) error {
	lines := linesOf(g, text, 256)
	means, err := headMeans(g, lines[:64], scores)
	if err != nil {
		return err
	}
	for _, k := range groups {
		var heads []string
		for _, s := range scores {
			if k.is(s) {
				heads = append(heads, s.Path())
			}
		}
		l, err := lossWithout(g, lines, means, heads)
		if err != nil {
			return err
		}
		k.count, k.repeated, k.others = append(k.count, float64(len(heads))), append(k.repeated, l.repeated), append(k.others, l.other)
	}
	return nil
}

// line is a line of the corpus repeats, whose letters from repeated on can be copied.
type line struct {
	tokens   []int
	repeated int
}

// linesOf returns n lines of a text. Their last letters are the first ones again: those after the
// first letter of the repetition can be copied from there.
func linesOf(g *generation.Generator, text string, n int) (lines []line) {
	for s := range strings.Lines(text[strings.Index(text, "\n")+1:]) {
		s = strings.TrimSuffix(s, "\n")
		border := len(s) / 2
		for border > 0 && s[:border] != s[len(s)-border:] {
			border--
		}
		if tokens, err := g.Tokenizer.Encode(s); err == nil && border > 1 && len(lines) < n {
			lines = append(lines, line{tokens, len(s) - border + 1})
		}
	}
	return lines
}

// losses are means over letters, in nats.
type losses struct{ repeated, other float64 }

// lossWithout returns the losses of a model in which heads put out their mean.
func lossWithout(g *generation.Generator, lines []line, means map[string][]float32, heads []string) (l losses, err error) {
	var list []inspect.Intervention
	for _, h := range heads {
		list = append(list, inspect.Intervention{Path: h, Op: "=", Value: inspect.Vector(1, means[h])})
	}
	edited, err := inspect.Open(g, inspect.Text{}, list...)
	if err != nil {
		return l, err
	}
	tokens := make([][]int, len(lines))
	for i, q := range lines {
		tokens[i] = q.tokens
	}
	all, f, err := lossesOf(edited, tokens)
	if err != nil {
		return l, err
	}
	var repeated, other float64
	for b, q := range lines {
		for i := 1; i < len(q.tokens); i++ {
			if loss := float64(all[b*f.T+i-1]); i >= q.repeated {
				l.repeated, repeated = l.repeated+loss, repeated+1
			} else {
				l.other, other = l.other+loss, other+1
			}
		}
	}
	l.repeated /= repeated
	l.other /= other
	return l, nil
}

// headMeans returns the mean of what each head puts out over lines.
func headMeans(g *generation.Generator, lines []line, scores []view.HeadScore) (map[string][]float32, error) {
	means := map[string][]float32{}
	n := 0
	for _, q := range lines {
		for _, s := range scores {
			v, err := inspect.Read(g, generation.Prompt{Tokens: q.tokens}, s.Path())
			if err != nil {
				return nil, err
			}
			a := v.Get(s.Path())
			if means[s.Path()] == nil {
				means[s.Path()] = make([]float32, a.Width())
			}
			for i, x := range a.Data {
				means[s.Path()][i%a.Width()] += x
			}
		}
		n += len(q.tokens)
	}
	for _, m := range means {
		for i := range m {
			m[i] /= float32(n)
		}
	}
	return means, nil
}
