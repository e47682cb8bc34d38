package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"euryale/generation"
	"euryale/inspect"
	"euryale/inspect/view"
)

// found is the score from which a head counts as one of its kind.
const found = 0.4

// groups are the heads of a model by what their scores say, as paths.
type groups struct{ induction, previous, others []string }

func groupsOf(scores []view.HeadScore) (g groups) {
	for _, s := range scores {
		switch {
		case s.Induction >= found:
			g.induction = append(g.induction, s.Path())
		case s.Previous >= found:
			g.previous = append(g.previous, s.Path())
		default:
			g.others = append(g.others, s.Path())
		}
	}
	return g
}

// induction prints the scores of the heads of every model, and the losses with heads ablated.
func induction(ctx context.Context, w io.Writer, dir string, seeds int) error {
	for seed := 1; seed <= seeds; seed++ {
		g, text, err := trained(ctx, dir, "induction-gpt", seed)
		if err != nil {
			return err
		}
		letters, err := g.Tokenizer.Encode("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
		if err != nil {
			return err
		}
		scores, err := view.HeadScores(g.Model, g.Weights, view.HeadOptions{IDs: letters, Texts: 64})
		if err != nil {
			return err
		}
		lines := linesOf(g, text, 256)
		means, err := headMeans(g, lines[:64], scores)
		if err != nil {
			return err
		}
		show := func(name string, heads ...string) error {
			l, err := lossWithout(g, lines, means, heads)
			fmt.Fprintf(w, "| %d | %s | %.2f | %.2f |\n", seed, name, l.repeated, l.other)
			return err
		}
		for _, s := range scores {
			fmt.Fprintf(w, "%d %s %.2f %.2f %.2f\n", seed, s.Path(), s.Previous, s.Duplicate, s.Induction)
			if err := show(s.Path(), s.Path()); err != nil {
				return err
			}
		}
		k := groupsOf(scores)
		show("intact")
		show("induction "+fmt.Sprint(len(k.induction)), k.induction...)
		show("previous "+fmt.Sprint(len(k.previous)), k.previous...)
		show("others "+fmt.Sprint(len(k.others)), k.others...)
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
