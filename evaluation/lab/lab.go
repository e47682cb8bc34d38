// Package lab compares ways to decode: it generates texts from one prompt by several strategies and seeds,
// measures them, and writes them as a page on which every token shows how likely it was and what the
// processors cut.
package lab

import (
	"context"
	"errors"
	"fmt"
	"io"

	"euryale/evaluation/metrics"
	"euryale/generation"
)

// Strategy is a way to decode, by a name of one's own.
type Strategy struct {
	Name     string
	Settings generation.Settings
}

// Options say what a lab generates and measures.
type Options struct {
	Strategies []Strategy            // none: Strategies of 200 tokens
	Seeds      []uint64              // of the strategies that sample; none: 1, 2 and 3
	Top        int                   // alternatives of each token; 0: 8
	Training   io.Reader             // text that the model was trained on, to look for copies in; nil: not looked for
	Progress   func(done, total int) // texts; may be nil
}

// Lab is the texts of all strategies.
type Lab struct {
	Prompt string  `json:"prompt"`
	Groups []Group `json:"strategies"`
}

// Group is the texts of one strategy.
type Group struct {
	Name       string         `json:"name"`
	Processors []string       `json:"processors"` // in the order in which they run
	Measures   metrics.Report `json:"measures"`   // of all texts together, or their mean
	Texts      []Text         `json:"texts"`
}

// Text is a generated text and its measures.
type Text struct {
	generation.Result
	Measures metrics.Report `json:"measures"`
	Copied   metrics.Run    `json:"copied"` // the longest run of characters that the training text has
}

// Strategies returns the strategies that a lab compares by default, with the length and the ends of base: greedy
// decoding, sampling at three temperatures, its truncations, and beam search.
func Strategies(base generation.Settings) []Strategy {
	var all []Strategy
	add := func(name string, set func(s *generation.Settings)) {
		s := generation.Settings{Tokens: base.Tokens, MinTokens: base.MinTokens, MaxTime: base.MaxTime, Stop: base.Stop, Processors: base.Processors,
			Temperature: 1, LengthPenalty: 1}
		set(&s)
		all = append(all, Strategy{name, s})
	}
	add("greedy", func(s *generation.Settings) { s.Temperature = 0 })
	add("temperature=0.7", func(s *generation.Settings) { s.Temperature = 0.7 })
	add("temperature=1", func(*generation.Settings) {})
	add("temperature=1.3", func(s *generation.Settings) { s.Temperature = 1.3 })
	add("top-k=40", func(s *generation.Settings) { s.TopK = 40 })
	add("top-p=0.9", func(s *generation.Settings) { s.TopP = 0.9 })
	add("min-p=0.05", func(s *generation.Settings) { s.MinP = 0.05 })
	add("typical=0.9", func(s *generation.Settings) { s.Typical = 0.9 })
	add("beam=4", func(s *generation.Settings) { s.Temperature, s.Beams = 0, 4 })
	return all
}

// Run generates the texts of all strategies from a prompt, and measures them. A strategy that does not sample
// generates one text; the others one for each seed. When ctx ends it returns the error alone.
func Run(ctx context.Context, g *generation.Generator, prompt string, o Options) (*Lab, error) {
	if g.Format != nil && g.Format.Mask() >= 0 {
		return nil, errors.New("the model restores masked tokens, and continues no text: a lab is for models that do")
	}
	p, err := g.Prompt(prompt)
	if err != nil {
		return nil, err
	}
	o = o.filled()
	total, done := 0, 0
	for _, s := range o.Strategies {
		total += len(s.seeds(o.Seeds))
	}
	l := &Lab{Prompt: prompt}
	for _, s := range o.Strategies {
		group := Group{Name: s.Name, Processors: []string{}}
		chain, err := s.Settings.Chain()
		if err != nil {
			return nil, fmt.Errorf("strategy %s: %w", s.Name, err)
		}
		for _, p := range chain {
			group.Processors = append(group.Processors, p.Name())
		}
		for _, seed := range s.seeds(o.Seeds) {
			s.Settings.Seed, s.Settings.TopLogprobs = seed, o.Top
			rs, err := g.Generate(ctx, p, s.Settings, 1, nil)
			if err != nil {
				return nil, fmt.Errorf("strategy %s: %w", s.Name, err)
			}
			group.Texts = append(group.Texts, Text{Result: rs[0]})
			if done++; o.Progress != nil {
				o.Progress(done, total)
			}
		}
		l.Groups = append(l.Groups, group)
	}
	return l, l.measure(o.Training)
}

// filled returns the options with defaults in place of what is not set.
func (o Options) filled() Options {
	if len(o.Strategies) == 0 {
		o.Strategies = Strategies(generation.Settings{Tokens: 200})
	}
	if len(o.Seeds) == 0 {
		o.Seeds = []uint64{1, 2, 3}
	}
	if o.Top == 0 {
		o.Top = 8
	}
	return o
}

// seeds returns the seeds that the strategy is tried with: the first alone if it does not sample.
func (s Strategy) seeds(all []uint64) []uint64 {
	if s.Settings.Strategy == nil && (s.Settings.Temperature == 0 || s.Settings.Beams > 0 && !s.Settings.BeamSample) {
		return all[:1]
	}
	return all
}
