// Package evaluation measures runs: the loss over a part of their corpus, the answers that
// they generate against references, and the variety of their texts.
package evaluation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"euryale/data"
	"euryale/data/tokenizer"
	"euryale/evaluation/card"
	"euryale/evaluation/metrics"
	"euryale/generation"
	"euryale/internal/ranks"
	"euryale/training"
)

// Options say what to measure of a run.
type Options struct {
	Part       string                // of the corpus that is measured: "train", "valid" or "test"
	Examples   int                   // the most to answer, evenly spread; 0: all
	Settings   generation.Settings   // of generating the answers
	Name       string                // of this decoding; empty: "greedy"
	Also       []Decoding            // that answer the same examples, to be compared with
	Log        io.Writer             // of preparing the corpus; may be nil
	Validating func(done, total int) // batches of the part; may be nil
	Progress   func(done, total int) // examples; may be nil
}

// Measured is what Measure found.
type Measured struct {
	Report     metrics.Report
	Samples    []Sample
	Unanswered []error // of examples that the model could not answer: they count as empty answers
	Partial    string  // what the report is of, if the measuring was interrupted; empty: it is complete

	Signatures []string                    // of BLEU and chrF2, as sacreBLEU prints them
	Intervals  map[string]metrics.Interval // of measures of the report, at 95 %
	Systems    []*System                   // of a task: the model, its other decodings, and the baselines
	Notes      []card.Text                 // what is unusual about the examples

	main []string // measures by which systems are compared in print
}

// Sample is a generated text and its reference.
type Sample struct {
	Source    string `json:"source"`
	Reference string `json:"reference"`
	Text      string `json:"text"`
}

// ErrNoCorpus says that a run was imported, and that its configuration names no corpus.
var ErrNoCorpus = errors.New("the run was imported and knows no corpus to be measured on: score a text with evaluate -score FILE")

// Measure measures the model of a run on a part of its corpus: the loss; for a task, the
// answers that it generates against the references, beside those of other decodings and of baselines
// over the same rows; for a language model, the variety of unprompted
// texts, and how much of them is copied from the training part. A corpus that has changed since
// the run was trained is an error. A
// model of masked tokens generates none. Products have the precision that is set: see
// training.Settings.UsePrecision. When ctx ends, its error is returned with what was measured
// until then, or nil if that is nothing. The ranks of s share the validation part and the answers; rank
// 0 has the whole report.
func Measure(ctx context.Context, s *training.Saved, o Options) (*Measured, error) {
	if s.Config.Data.Name == "" {
		return nil, ErrNoCorpus
	}
	corpus, err := s.OpenCorpus(data.Options{Log: o.Log})
	if err != nil {
		return nil, err
	}
	defer corpus.Close()
	s.Weights.Hold()
	defer s.Weights.Release()
	m := &Measured{}
	if err = m.likelihood(ctx, s, corpus, o); err == nil {
		err = m.generated(ctx, s, corpus, o)
	}
	if err != nil && (!isEnd(err) || m.Partial == "") {
		return nil, err
	}
	return m, err
}

// likelihood measures the loss of the part in nats, bits per byte, and perplexity of tokens and words; of
// answers that of tokens and characters, their ends included.
func (m *Measured) likelihood(ctx context.Context, s *training.Saved, corpus *data.Corpus, o Options) error {
	batches, of := 0, 0
	sum, tokens, err := s.PartLoss(ctx, corpus, o.Part, func(done, total int) {
		if batches, of = done, total; o.Validating != nil {
			o.Validating(done, total)
		}
	})
	if tokens == 0 {
		return err
	}
	// A task's targets include end tokens, which no byte of the text stands for; masked text has
	// few targets.
	m.Report = metrics.Report{{Name: "nll_per_token", Value: sum / float64(tokens)}, {Name: "perplexity", Value: math.Exp(sum / float64(tokens))}}
	if err != nil {
		m.Partial = fmt.Sprintf("the loss of %d tokens, in %d of the %s part's %d batches", tokens, batches, o.Part, of)
		return err
	}
	m.Partial = "the loss, without generated texts"
	if corpus.Config.Task == "mask" {
		return nil
	}
	text, err := corpus.Text(o.Part, 0)
	if err != nil {
		return err
	}
	if corpus.Config.Task != "lm" && corpus.Config.Task != "" {
		// Answers that were cut, and unknown words, have no known number of characters.
		if tokens == corpus.Tokens(o.Part) && corpus.Tokenizer.Kind() != "word" {
			m.Report = append(m.Report, metrics.Measure{Name: "perplexity_per_char", Value: math.Exp(sum / float64(utf8.RuneCountInString(text)))})
		}
		return nil
	}
	m.Report = metrics.Likelihood{NLL: sum, Tokens: tokens, Bytes: len(text), Chars: utf8.RuneCountInString(text), Words: tokenizer.CountWords(text)}.Report()
	return nil
}

// generated measures what the model generates.
func (m *Measured) generated(ctx context.Context, s *training.Saved, corpus *data.Corpus, o Options) error {
	gen, err := s.Generator()
	if err != nil {
		return err
	}
	switch {
	case gen.Format.Mask() >= 0:
		m.Partial = ""
		return nil
	case gen.Format.End() < 0:
		err = m.onFirst(ctx, s, func(ctx context.Context) error { return m.unprompted(ctx, gen, corpus, o) })
	default:
		err = m.task(ctx, s, gen, corpus, o)
	}
	if err != nil {
		return err
	}
	m.Partial = ""
	return m.onFirst(ctx, s, func(context.Context) error { return m.copied(corpus) })
}

// onFirst calls f on rank 0, which alone has a complete report, while the others wait.
func (m *Measured) onFirst(ctx context.Context, s *training.Saved, f func(ctx context.Context) error) error {
	switch {
	case s.Ranks == nil:
		return f(ctx)
	case s.Ranks.Rank() > 0:
		f = nil
	}
	return ranks.Together(ctx, s.Ranks, f)
}

// task generates answers to the part's examples, compares them with the references, and the model with
// other decodings and with baselines.
func (m *Measured) task(ctx context.Context, s *training.Saved, gen *generation.Generator, corpus *data.Corpus, o Options) error {
	group := s.Ranks
	if group == nil {
		group = ranks.Alone{}
	}
	decodings := append([]Decoding{{cmp.Or(o.Name, "greedy"), o.Settings}}, o.Also...)
	for _, d := range decodings {
		if err := d.Settings.Check(); err != nil {
			return err
		}
	}
	hyps, refs, err := m.answer(ctx, group, gen, corpus, o)
	if len(hyps) == 0 {
		return err
	}
	if err := errors.Join(err, m.compare(hyps, refs)); err != nil {
		return err
	}
	var others [][]string
	for _, d := range o.Also {
		also := o
		also.Settings = d.Settings
		texts, _, err := (&Measured{}).answer(ctx, group, gen, corpus, also)
		if err != nil {
			return err
		}
		others = append(others, texts)
	}
	return m.onFirst(ctx, s, func(context.Context) error {
		known, err := corpus.Examples("train")
		if err != nil {
			return err
		}
		m.note(gen, refs, known, o)
		return m.compareSystems(corpus.Config.Task, known, refs, decodings, others)
	})
}

// compare measures how similar answers are to their references.
func (m *Measured) compare(hyps []string, refs [][]string) error {
	tokenize, language := TokenizerFor(refs)
	if language == "zh" {
		shape, err := metrics.SameShape(hyps, refs)
		if err != nil {
			return err
		}
		m.Report = append(m.Report, metrics.Measure{Name: "same_shape", Value: shape})
	}
	m.Signatures = []string{"BLEU " + metrics.BLEUSignature(refs, language), "chrF2 " + metrics.ChrFSignature(refs)}
	r, err := metrics.Evaluate(hyps, refs, tokenize)
	m.Report = append(m.Report, r...)
	return err
}

// unprompted samples texts at temperature 0.8 and top-p 0.95, and measures their variety
// and that of as much text of the part.
func (m *Measured) unprompted(ctx context.Context, gen *generation.Generator, corpus *data.Corpus, o Options) error {
	p, err := gen.Prompt("")
	if err != nil {
		return err
	}
	n := min(8, max(1, o.Examples))
	s := generation.Settings{Tokens: 4 * o.Settings.Tokens, Temperature: 0.8, TopP: 0.95, Seed: o.Settings.Seed}
	rs, err := gen.Generate(ctx, p, s, n, nil)
	if err != nil {
		return err
	}
	var texts []string
	for _, r := range rs {
		texts = append(texts, r.Text)
		m.Samples = append(m.Samples, Sample{Text: r.Text})
	}
	real, err := corpus.Text(o.Part, n*s.Tokens)
	if err != nil {
		return err
	}
	for _, v := range []struct {
		name  string
		texts []string
	}{{"", texts}, {"_of_people", []string{real}}} {
		m.Report = append(m.Report,
			metrics.Measure{Name: "distinct_2" + v.name, Value: metrics.DistinctN(v.texts, 2)},
			metrics.Measure{Name: "repetition_4" + v.name, Value: metrics.RepetitionRate(v.texts, 4)})
	}
	return nil
}

// copied measures the longest part of a generated text that the training part contains.
func (m *Measured) copied(corpus *data.Corpus) error {
	var texts []string
	for _, s := range m.Samples {
		texts = append(texts, s.Text)
	}
	text, err := corpus.Text("train", 0)
	if err != nil {
		return err
	}
	run, err := metrics.LongestCopied(texts, strings.NewReader(text))
	if err != nil {
		return err
	}
	m.Report = append(m.Report, metrics.Measure{Name: "longest_copied_chars", Value: float64(utf8.RuneCountInString(run))})
	return nil
}
