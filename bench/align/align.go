package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"euryale/data/tales"
	"euryale/data/task"
	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/layers/draw"
	"euryale/layers/graph"
	"euryale/models"
)

// pair is a source and its translation, with the parts that mean the same.
type pair struct {
	source, target string
	links          [][2]tales.Span // in the source, in the target
}

// pairsOf returns the first n examples whose alignment is known.
func pairsOf(examples []task.Example, sentences []tales.Aligned, n int) (all []pair) {
	known := map[string]pair{}
	for _, s := range sentences {
		into, from := pair{source: s.En, target: s.Zh}, pair{source: s.Zh, target: s.En}
		for _, l := range s.Links {
			into.links, from.links = append(into.links, [2]tales.Span{l.En, l.Zh}), append(from.links, [2]tales.Span{l.Zh, l.En})
		}
		known[s.En+"\t"+s.Zh], known[s.Zh+"\t"+s.En] = into, from
	}
	for _, ex := range examples {
		if p, ok := known[ex.Source+"\t"+ex.Reference]; ok && len(p.links) > 0 && len(all) < n {
			all = append(all, p)
		}
	}
	return all
}

// measured is what the attention over some pairs is like. Tokens are those of targets that are aligned.
type measured struct {
	errors [][2]float64 // of each pair: its tokens that attend most to a wrong token, and its tokens
	tokens int
	right  float64 // weight on the right tokens, summed over the tokens
	onEnd  float64 // weight on the end token of the source, summed
	drawn  draw.Maps
}

// error returns the alignment error rate of Och and Ney 2003 (eq. 10) without sure links: the fraction of the
// tokens whose most attended token of the source is not one that they are aligned with.
func (m *measured) error() float64 { return errorRate(m.errors) }

func errorRate(pairs [][2]float64) float64 {
	wrong, all := 0.0, 0.0
	for _, p := range pairs {
		wrong, all = wrong+p[0], all+p[1]
	}
	return wrong / max(1, all)
}

// resamples is the number of choices of pairs that an interval is of.
const resamples = 1000

// interval returns the 95 % interval of the error, by resampling pairs (Koehn 2004).
func (m *measured) interval() (low, high float64) {
	rng, rates := rand.New(rand.NewPCG(1, 0)), make([]float64, resamples)
	some := make([][2]float64, len(m.errors))
	for i := range rates {
		for j := range some {
			some[j] = m.errors[rng.IntN(len(m.errors))]
		}
		rates[i] = errorRate(some)
	}
	slices.Sort(rates)
	return rates[resamples/40], rates[resamples-1-resamples/40]
}

// read is a pair as the model reads it.
type read struct {
	pair
	prompt generation.Prompt
	answer []int
}

// measure reads each target after its source, and looks at the weights of the tokens that predict it.
func measure(ctx context.Context, g *generation.Generator, pairs []pair, o options) (*measured, error) {
	var all []read
	t, s := 0, 0
	for _, p := range pairs {
		prompt, err := g.PromptCut(p.source)
		if err != nil {
			return nil, err
		}
		ids, err := g.Tokenizer.EncodeNext(p.target)
		if err != nil {
			return nil, err
		}
		all = append(all, read{p, prompt, ids[:min(len(ids), g.Model.Common().Context)]})
		t, s = max(t, len(ids)), max(s, len(prompt.Source))
	}
	if len(all) == 0 || s == 0 {
		return nil, errors.New("no pair of the part is a source and its translation in a tale: the model must be an encoder–decoder trained on the sentences of tales")
	}
	frame := graph.Frame{B: 1, T: min(t, g.Model.Common().Context), S: s}
	tap, err := weightsTap(g, frame, o.tap)
	if err != nil {
		return nil, err
	}
	p, err := models.Score(g.Model, g.Weights, frame, tap)
	if err != nil {
		return nil, err
	}
	m := &measured{drawn: draw.Maps{Across: 2, Most: 1}}
	for _, r := range all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		tokens := append(slices.Clone(r.prompt.Tokens), r.answer[:max(0, len(r.answer)-1)]...)
		if err := p.Run(graph.Feed{Tokens: padded(tokens, frame.T), Source: padded(r.prompt.Source, s)}); err != nil {
			return nil, err
		}
		weights, err := oneHead(p.Float64s(tap), frame, o.head)
		if err != nil {
			return nil, err
		}
		m.add(g, r, weights, s, len(m.drawn.Each) < o.shown)
	}
	return m, nil
}

// weightsTap returns the tap called name, or the weights of the last attention to the source.
func weightsTap(g *generation.Generator, f graph.Frame, name string) (string, error) {
	if name != "" {
		return name, nil
	}
	built, err := models.Declared(g.Model, g.Weights, f)
	if err != nil {
		return "", err
	}
	for _, tap := range built.Views(graph.AttentionWeights) {
		if path.Base(path.Dir(tap)) == "cross" {
			name = tap
		}
	}
	if name == "" {
		return "", errors.New("the model does not attend to a source: give the path of weights with -tap")
	}
	return name, nil
}

// oneHead returns the weights of a head, or the mean of all heads.
//
//	weights: (T, H·S) → (T, S)
func oneHead(weights []float64, f graph.Frame, head int) ([]float64, error) {
	heads := len(weights) / f.T / f.S
	if head > heads {
		return nil, fmt.Errorf("-head %d: the attention has %d", head, heads)
	}
	one := make([]float64, f.T*f.S)
	for i, w := range weights {
		switch h := i / f.S % heads; {
		case head == 0:
			one[i/f.S/heads*f.S+i%f.S] += w / float64(heads)
		case h == head-1:
			one[i/f.S/heads*f.S+i%f.S] = w
		}
	}
	return one, nil
}

// add counts the weights (T, S) of a pair.
func (m *measured) add(g *generation.Generator, r read, weights []float64, s int, drawn bool) {
	source, target := tokenSpans(g.Tokenizer, r.prompt.Source, r.source), tokenSpans(g.Tokenizer, r.answer, r.target)
	last := len(r.prompt.Source) - 1
	one := draw.Map{Rows: g.Labels(r.answer), Cols: g.Labels(r.prompt.Source)}
	var count [2]float64
	for t, at := range target {
		row, wanted := weights[t*s:t*s+last+1], r.wanted(source, at)
		most := 0
		for i, w := range row {
			if w > row[most] {
				most = i
			}
			mark := ""
			if wanted[i] {
				mark = "○"
			}
			one.Values, one.Cells = append(one.Values, w), append(one.Cells, mark)
		}
		if !slices.Contains(wanted, true) {
			continue
		}
		count[1]++
		if !wanted[most] {
			count[0]++
		}
		for i, w := range row {
			if wanted[i] {
				m.right += w
			}
		}
		m.onEnd += row[last]
	}
	m.errors, m.tokens = append(m.errors, count), m.tokens+int(count[1])
	if drawn {
		m.drawn.Each = append(m.drawn.Each, one)
	}
}

// wanted reports for each token of the source whether it is aligned with the token of the target at a span.
func (p pair) wanted(source []tales.Span, at tales.Span) []bool {
	all := make([]bool, len(source))
	for _, l := range p.links {
		for i, s := range source {
			all[i] = all[i] || l[1].Overlaps(at) && l[0].Overlaps(s)
		}
	}
	return all
}

// tokenSpans returns where tokens are in their text. Tokens that are not found there, such as the end token,
// have no bytes.
func tokenSpans(tk tokenizer.Tokenizer, ids []int, text string) []tales.Span {
	all, at := make([]tales.Span, len(ids)), 0
	for i, id := range ids {
		piece := string(bytes.TrimSpace(tk.Piece(id)))
		if special, ok := tk.Special(piece); piece == "" || ok && special == id {
			continue
		}
		if n := strings.Index(text[at:], piece); n >= 0 {
			all[i] = tales.Span{From: at + n, To: at + n + len(piece)}
			at = all[i].To
		}
	}
	return all
}

// padded returns n ids: these, and −1.
func padded(ids []int, n int) []int {
	return append(slices.Clone(ids), slices.Repeat([]int{-1}, n-len(ids))...)
}
