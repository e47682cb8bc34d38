package questions

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"euryale/evaluation/metrics"
	"euryale/generation"
)

// Result is how often a model prefers the right answers.
type Result struct {
	Kind   string  `json:"kind"`
	Chance float64 `json:"chance,omitempty"` // share right of a guess
	All    Share   `json:"all"`
	Groups []Share `json:"groups"` // by phenomenon or category, in the order of the file
	// Unnormalized is, of choices, the share right if likelihoods are not divided by lengths.
	Unnormalized *Share `json:"unnormalized,omitempty"`
	// Perplexity is, of a cloze, exp of the mean loss of a word.
	Perplexity  float64 `json:"perplexity,omitempty"`
	BitsPerChar float64 `json:"bits_per_char,omitempty"` // of the words of a cloze
	Ties        int     `json:"ties"`                    // pairs whose sentences are as likely: not right
	LeftOut     int     `json:"left_out"`                // questions that the vocabulary cannot tell apart or express
	Note        string  `json:"note,omitempty"`          // why the first was left out
}

// Share is a share of questions with its 95 % confidence interval.
type Share struct {
	Name  string  `json:"name"`
	N     int     `json:"n"`
	Right int     `json:"right"`
	Value float64 `json:"share"`
	Low   float64 `json:"low"` // see metrics.Wilson
	High  float64 `json:"high"`
}

func (s *Share) add(right bool) {
	s.N++
	if right {
		s.Right++
	}
	s.Value = float64(s.Right) / float64(s.N)
	s.Low, s.High = metrics.Wilson(s.Right, s.N)
}

// Measure asks a model. In a pair the right sentence must have the higher probability, as a whole; of
// choices, the highest probability per character, as of "acc_norm" in the LM Evaluation Harness; of a
// cloze, each token of the word must be the most likely. Questions that the vocabulary cannot express, or
// whose answers it cannot tell apart, are left out; if that is all, it is an error. When ctx ends, its
// error is returned. Progress, which may be nil, is called with numbers of texts.
func Measure(ctx context.Context, g *generation.Generator, all []Question, progress func(done, total int)) (*Result, error) {
	if len(all) == 0 {
		return nil, errors.New("there are no questions")
	}
	if err := generation.CheckScores(g.Model); err != nil {
		return nil, err
	}
	r := &Result{Kind: all[0].Kind, Groups: []Share{}}
	var kept []Question
	for _, q := range all {
		if why := undecidable(g, q); why != "" {
			if r.LeftOut++; r.Note == "" {
				r.Note = q.Place + ": " + why
			}
			continue
		}
		kept = append(kept, q)
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("no question can be asked: %s", r.Note)
	}
	if r.Kind == Cloze {
		return r, r.cloze(ctx, g, kept, progress)
	}
	return r, r.compare(ctx, g, kept, progress)
}

// undecidable says why a question cannot be asked, or returns "".
func undecidable(g *generation.Generator, q Question) string {
	seen := map[string]int{}
	for i, a := range q.Answers {
		if q.Context != "" {
			if _, err := g.Tokenizer.Encode(q.Context); err != nil {
				return err.Error()
			}
		}
		ids, err := g.Tokenizer.EncodeNext(a)
		if err != nil {
			return err.Error()
		}
		key := fmt.Sprint(ids)
		if j, twice := seen[key]; twice {
			return fmt.Sprintf("%s and %s have the same tokens: the vocabulary lacks their words", q.name(j), q.name(i))
		}
		seen[key] = i
	}
	return ""
}

// compare compares the likelihoods of the answers to each question.
func (r *Result) compare(ctx context.Context, g *generation.Generator, all []Question, progress func(done, total int)) error {
	var texts []generation.Continuation
	var of []int // the question of each text
	for i, q := range all {
		for _, a := range q.Answers {
			texts, of = append(texts, generation.Continuation{Context: q.Context, Text: a}), append(of, i)
		}
	}
	likelihoods, err := g.Likelihoods(ctx, texts, progress)
	if err != nil {
		return placed(err, all, of)
	}
	plain := Share{}
	for _, q := range all {
		mine := likelihoods[:len(q.Answers)]
		likelihoods = likelihoods[len(mine):]
		whole := best(mine, func(l metrics.Likelihood) float64 { return l.NLL })
		r.Chance += 1 / float64(len(mine)) / float64(len(all))
		if q.Kind == Choice {
			plain.add(whole == q.Right)
			r.add(q, best(mine, metrics.Likelihood.BitsPerChar) == q.Right)
			continue
		}
		if whole < 0 {
			r.Ties++
		}
		r.add(q, whole == q.Right)
	}
	if r.Kind == Choice {
		r.Unnormalized = &plain
	}
	return nil
}

// best returns the index of the smallest cost, or −1 if two have it, up to the rounding of sums.
func best(all []metrics.Likelihood, cost func(metrics.Likelihood) float64) int {
	at := 0
	for i := range all {
		if cost(all[i]) < cost(all[at]) {
			at = i
		}
	}
	for i := range all {
		if i != at && cost(all[i])-cost(all[at]) < 1e-9*math.Abs(cost(all[at])) {
			return -1
		}
	}
	return at
}

// cloze measures the last words.
func (r *Result) cloze(ctx context.Context, g *generation.Generator, all []Question, progress func(done, total int)) error {
	var sum metrics.Likelihood
	for i, q := range all {
		p, err := g.Prompt(q.Context)
		if err != nil {
			return fmt.Errorf("%s: %w", q.Place, err)
		}
		ids, err := g.Tokenizer.EncodeNext(q.Answers[0])
		if err != nil {
			return fmt.Errorf("%s: %w", q.Place, err)
		}
		steps, err := g.Trace(ctx, p, ids, generation.Settings{}, 1)
		if err != nil {
			return fmt.Errorf("%s: %w", q.Place, err)
		}
		l := metrics.Likelihood{Chars: len([]rune(strings.TrimSpace(q.Answers[0]))), Words: 1}
		for _, s := range steps {
			l.NLL -= s.Logprob
		}
		sum = sum.Add(l)
		r.add(q, !slices.ContainsFunc(steps, func(s generation.Step) bool { return s.Rank > 1 }))
		if progress != nil {
			progress(i+1, len(all))
		}
	}
	r.Perplexity, r.BitsPerChar = sum.WordPerplexity(), sum.BitsPerChar()
	return nil
}

// add counts a question.
func (r *Result) add(q Question, right bool) {
	r.All.add(right)
	i := slices.IndexFunc(r.Groups, func(s Share) bool { return s.Name == q.Group })
	if i < 0 {
		i = len(r.Groups)
		r.Groups = append(r.Groups, Share{Name: q.Group})
	}
	r.Groups[i].add(right)
}

// placed names the question of an error.
func placed(err error, all []Question, of []int) error {
	var at *generation.ContinuationError
	if errors.As(err, &at) {
		return fmt.Errorf("%s: %w", all[of[at.Index]].Place, err)
	}
	return err
}
