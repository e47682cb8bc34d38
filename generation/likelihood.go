package generation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"euryale/data/tokenizer"
	"euryale/evaluation/metrics"
	"euryale/layers/graph"
	"euryale/models"
)

// Continuation is a text after a context, whose likelihood is wanted.
type Continuation struct{ Context, Text string }

// ContinuationError is the error of one of several continuations.
type ContinuationError struct {
	Index int
	Err   error
}

func (e *ContinuationError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ContinuationError) Unwrap() error { return e.Err }

// scoredIDs is a continuation as ids.
type scoredIDs struct {
	ids  []int // of what the model reads and predicts
	from int   // the first that is scored
}

// Likelihoods returns the likelihood of each text given its context. A text without a context follows
// what an unprompted text does: see Start, and of rows the tokens before an answer. Of a long context the end
// is read. A text that the vocabulary cannot express, or that is longer than the model's context, is a ContinuationError.
// Progress, which may be nil, is called with numbers of texts. When ctx ends, its error is returned.
func (g *Generator) Likelihoods(ctx context.Context, texts []Continuation, progress func(done, total int)) ([]metrics.Likelihood, error) {
	if err := CheckScores(g.Model); err != nil {
		return nil, err
	}
	defer g.hold()()
	s, err := newTextScorer(g)
	if err != nil {
		return nil, err
	}
	all := make([]scoredIDs, len(texts))
	for i, t := range texts {
		if all[i], err = s.encode(t); err != nil {
			return nil, &ContinuationError{i, err}
		}
	}
	order := make([]int, len(texts)) // similar lengths are read together
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(len(all[i].ids), len(all[j].ids)) })
	results := make([]metrics.Likelihood, len(texts))
	for at := 0; at < len(order); at += scoredTogether {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		group := order[at:min(len(order), at+scoredTogether)]
		nll, err := s.score(all, group)
		if err != nil {
			return nil, err
		}
		for j, i := range group {
			text := texts[i].Text
			results[i] = metrics.Likelihood{NLL: nll[j], Tokens: len(all[i].ids) - all[i].from, Bytes: len(text),
				Chars: utf8.RuneCountInString(text), Words: tokenizer.CountWords(text)}
		}
		if progress != nil {
			progress(at+len(group), len(order))
		}
	}
	return results, nil
}

// CheckScores returns an error if a model has no likelihood of a text.
func CheckScores(m models.Model) error {
	switch {
	case models.SourceOf(m) > 0:
		return errors.New("the model answers a source, and a text alone has none: scores are for language models; evaluate -run measures this one")
	case models.IsBidirectional(m):
		return errors.New("the model is bidirectional: it can see the token it should predict; scores are for language models; evaluate -run measures this one")
	}
	return nil
}

// scoredTogether is the number of texts that are scored in one run of a program.
const scoredTogether = 16

// textScorer scores short texts.
type textScorer struct {
	g        *Generator
	room     int                     // tokens that the model reads, at most; 0: no limit
	start    []int                   // what a text without a context follows
	programs map[int]*models.Program // by length
	history  Stepper                 // of a models.Predictor, in place of programs
}

func newTextScorer(g *Generator) (s *textScorer, err error) {
	s = &textScorer{g: g, programs: map[int]*models.Program{}}
	start, err := g.Prompt("")
	if err != nil {
		return nil, err
	}
	s.start = start.Tokens
	one, err := NewStepper(g.Model, g.Weights, 1)
	if err != nil {
		return nil, err
	}
	s.room = one.Room()
	if _, isPredictor := g.Model.(models.Predictor); isPredictor {
		s.history = one
	}
	return s, nil
}

// encode returns the ids of a continuation.
func (s *textScorer) encode(t Continuation) (scoredIDs, error) {
	tk := s.g.Tokenizer
	var before []int
	_, begins := tk.Begin()
	var err error
	switch {
	case t.Context != "":
		if before, err = tk.Encode(t.Context); err != nil {
			return scoredIDs{}, err
		}
	case !begins:
		before = s.start
	}
	encode := tk.EncodeNext
	if t.Context == "" && begins {
		encode = tk.Encode
	}
	ids, err := encode(t.Text)
	if err != nil {
		return scoredIDs{}, err
	}
	all := slices.Concat(before, ids)
	from := max(1, len(before)) // the token of Begin is not predicted
	switch {
	case len(all) <= from:
		return scoredIDs{}, fmt.Errorf("the text %q has %d tokens: none can be predicted", t.Text, len(ids))
	case s.room > 0 && len(all)-from > s.room:
		return scoredIDs{}, fmt.Errorf("the text has %d tokens, more than the model's context of %d", len(ids), s.room)
	case s.room > 0 && len(all)-1 > s.room:
		cut := len(all) - 1 - s.room
		all, from = all[cut:], from-cut
	}
	return scoredIDs{all, from}, nil
}

// score returns the sum of the losses of each text of a group, in nats.
func (s *textScorer) score(all []scoredIDs, group []int) ([]float64, error) {
	nll := make([]float64, len(group))
	if s.history != nil {
		for j, i := range group {
			if err := s.history.Truncate(0, 0); err != nil {
				return nil, err
			}
			t := all[i]
			l, err := s.history.NLL(window(t.ids, 0, t.from-1, len(t.ids)-1))
			if err != nil {
				return nil, err
			}
			nll[j] = l
		}
		return nll, nil
	}
	longest := 0
	for _, i := range group {
		longest = max(longest, len(all[i].ids)-1)
	}
	p, t, err := s.program(longest)
	if err != nil {
		return nil, err
	}
	var tokens, targets []int
	for j := range scoredTogether {
		x, y := padding(t), padding(t)
		if j < len(group) {
			c := all[group[j]]
			x, y = window(c.ids, 0, c.from-1, t)
		}
		tokens, targets = append(tokens, x...), append(targets, y...)
	}
	if err := p.Run(graph.Feed{Tokens: tokens, Targets: targets}); err != nil {
		return nil, err
	}
	for at, l := range p.Float64s("losses") {
		if targets[at] >= 0 {
			nll[at/t] += l
		}
	}
	return nll, nil
}

// program returns the program that scores texts of up to so many tokens, and the number of tokens that it
// reads: a multiple of 16, so that there are few programs.
func (s *textScorer) program(tokens int) (p *models.Program, t int, err error) {
	t = (tokens + 15) / 16 * 16
	if s.room > 0 {
		t = min(t, s.room)
	}
	if p = s.programs[t]; p != nil {
		return p, t, nil
	}
	if p, err = models.Score(s.g.Model, s.g.Weights, graph.Frame{B: scoredTogether, T: t}); err == nil {
		s.programs[t] = p
	}
	return p, t, err
}
