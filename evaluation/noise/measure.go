package noise

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"euryale/evaluation/card"
	"euryale/generation"
)

// draws is how often a text is disturbed by a kind of noise, each time with another seed.
const draws = 3

// Result is what noise costs a model on a text.
type Result struct {
	Clean generation.Score `json:"clean"`
	Noise []Effect         `json:"noise"`
}

// Effect is what a kind of noise costs. Numbers are means over the draws.
type Effect struct {
	Kind        string  `json:"kind"`
	Rate        float64 `json:"rate"`
	Changed     float64 `json:"changed"`  // pieces of the text: words of typos, characters of the others
	Possible    int     `json:"possible"` // pieces that could change
	BitsPerChar float64 `json:"bits_per_char"`
	Delta       float64 `json:"delta"` // bits per character above those of the clean text
	SD          float64 `json:"sd"`    // standard deviation of Delta over the draws
}

// Measure scores a text as it is, and disturbed by each kind of noise. Characters that the vocabulary lacks
// are not put in. Stride is that of generation.Generator.Score. When ctx ends, its error is returned.
// Progress, which may be nil, is called with numbers of scored texts.
func Measure(ctx context.Context, g *generation.Generator, text string, all []Noise, stride int, progress func(done, total int)) (*Result, error) {
	r := &Result{}
	done, total := 0, 1+draws*len(all)
	score := func(text string) (s generation.Score, err error) {
		s, err = g.Score(ctx, text, stride, nil)
		if done++; progress != nil {
			progress(done, total)
		}
		return s, err
	}
	var err error
	if r.Clean, err = score(text); err != nil {
		return nil, err
	}
	known := func(s string) bool {
		_, err := g.Tokenizer.EncodeNext(s)
		return err == nil
	}
	for _, n := range all {
		e := Effect{Kind: n.Kind, Rate: n.Rate, BitsPerChar: r.Clean.BitsPerChar}
		var deltas []float64
		for seed := range uint64(draws) {
			noisy, changed, possible := n.Apply(text, seed, known)
			if e.Possible = possible; possible == 0 {
				done += draws
				break
			}
			s, err := score(noisy)
			if err != nil {
				return nil, fmt.Errorf("with %s: %w", n.Kind, err)
			}
			e.Changed += float64(changed) / draws
			deltas = append(deltas, s.BitsPerChar-r.Clean.BitsPerChar)
		}
		e.Delta, e.SD = meanAndSD(deltas)
		e.BitsPerChar += e.Delta
		r.Noise = append(r.Noise, e)
	}
	return r, nil
}

// meanAndSD returns the mean and the standard deviation of numbers; of none both are 0.
func meanAndSD(x []float64) (mean, sd float64) {
	if len(x) == 0 {
		return 0, 0
	}
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sd += (v - mean) * (v - mean) / float64(max(1, len(x)-1))
	}
	return mean, math.Sqrt(sd)
}

// String returns a table.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-11s %5s %16s %9s  %s\n", "noise", "rate", "changed", "bits/char", "above the clean text")
	fmt.Fprintf(&b, "%-11s %5s %16s %9.4f\n", "none", "", "", r.Clean.BitsPerChar)
	for _, e := range r.Noise {
		if e.Possible == 0 {
			fmt.Fprintf(&b, "%-11s %5g  the text has nothing that it could change to what the vocabulary has\n", e.Kind, e.Rate)
			continue
		}
		fmt.Fprintf(&b, "%-11s %5g %16s %9.4f  %+.4f ± %.4f\n", e.Kind, e.Rate, fmt.Sprintf("%.0f of %d", e.Changed, e.Possible), e.BitsPerChar, e.Delta, e.SD)
	}
	return b.String()
}

// names are those of the kinds in a card.
var names = map[string]card.Text{
	"typos": {En: "typos", Zh: "拼写错误"}, "case": {En: "case", Zh: "大小写"}, "width": {En: "full and half width", Zh: "全角与半角"}, "homophones": {En: "homophones", Zh: "同音字"},
}

// Section returns the result as a section of a card. File has the text, command measured it.
func (r *Result) Section(file, command string) *card.Section {
	s := &card.Section{Name: "noise", Command: command,
		Title:   card.Text{En: "Robustness to noise: " + filepath.Base(file), Zh: "抗噪性：" + filepath.Base(file)},
		Columns: []card.Text{{En: "noise", Zh: "噪声"}, {En: "rate", Zh: "比例"}, {En: "changed", Zh: "改动数"}, {En: "bits per character", Zh: "每字符比特"}, {En: "above the clean text", Zh: "较原文增加"}},
		Rows:    []card.Row{{Label: card.Text{En: "none", Zh: "无"}, Cells: []string{"", "", fmt.Sprintf("%.3f", r.Clean.BitsPerChar), ""}}},
		Notes: []card.Text{{En: fmt.Sprintf("The rate is the share of words (typos) or characters that change, of those that can; mean and standard deviation of %d draws. Characters that the vocabulary lacks are not put in.", draws),
			Zh: fmt.Sprintf("比例指可改动的词（拼写错误）或字符中被改动的比例；数字为 %d 次抽样的均值与标准差。词表没有的字符不会被放入。", draws)}},
		Values: map[string]float64{},
	}
	worst := -1
	for i, e := range r.Noise {
		cells := []string{fmt.Sprintf("%g", e.Rate), "0", "", ""}
		if e.Possible > 0 {
			cells = []string{cells[0], fmt.Sprintf("%.0f / %d", e.Changed, e.Possible), fmt.Sprintf("%.3f", e.BitsPerChar), fmt.Sprintf("%+.3f ± %.3f", e.Delta, e.SD)}
			s.Values["delta_bits_per_char_"+e.Kind] = e.Delta
			if worst < 0 || e.Delta > r.Noise[worst].Delta {
				worst = i
			}
		}
		s.Rows = append(s.Rows, card.Row{Label: names[e.Kind], Cells: cells})
	}
	if worst >= 0 {
		e := r.Noise[worst]
		s.Summary = card.Text{En: fmt.Sprintf("The costliest noise is %s: %+.3f bits per character.", names[e.Kind].En, e.Delta),
			Zh: fmt.Sprintf("代价最大的噪声是%s：每字符 %+.3f 比特。", names[e.Kind].Zh, e.Delta)}
	}
	return s
}
