package training

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"euryale/data"
	"euryale/data/task"
	"euryale/evaluation/metrics"
	"euryale/generation"
)

// Evaluation says what to measure of a run.
type Evaluation struct {
	Part     string              // "valid" or "test"
	Examples int                 // texts to generate at most
	Settings generation.Settings // how
	Log      io.Writer           // of preparing the corpus; may be nil
	Progress func(done, total int)
}

// Measured is what an evaluation found.
type Measured struct {
	Report  metrics.Report
	Samples []Sampled
}

// Sampled is one generated text beside what people wrote.
type Sampled struct {
	Source    string `json:"source"`
	Reference string `json:"reference"`
	Text      string `json:"text"`
}

// Evaluate measures the model of the run in dir on its corpus: the loss over the
// validation part; for a task, the answers it generates beside those that people wrote;
// for a language model, the variety of the texts that it writes, and how much of them is
// copied from the training part. A model of masked tokens writes none.
func Evaluate(ctx context.Context, dir string, e Evaluation) (*Measured, error) {
	saved, err := Open(dir, false)
	if err != nil {
		return nil, err
	}
	if saved.Config.Data.Name == "" {
		return nil, fmt.Errorf("%s was imported and knows no corpus to be measured on: score a text with generate -score FILE", dir)
	}
	corpus, err := data.Open(saved.Config.Data, saved.Config.Tokenizer, saved.Tokenizer, data.Options{Log: e.Log})
	if err != nil {
		return nil, err
	}
	defer corpus.Close()
	if err := saved.Config.Training.UsePrecision(); err != nil {
		return nil, err
	}
	if saved.Weights != nil {
		saved.Weights.Hold()
		defer saved.Weights.Release()
	}
	m := &Measured{}
	if m.Report, err = saved.likelihood(corpus); err != nil {
		return nil, err
	}
	gen, err := saved.Generator()
	if err != nil {
		return nil, err
	}
	if gen.Format.Mask() >= 0 {
		return m, nil // a model that restores tokens writes no texts
	}
	if gen.Format.End() < 0 {
		err = m.free(ctx, gen, corpus, e)
	} else {
		err = m.task(ctx, gen, corpus, e)
	}
	if err != nil {
		return nil, err
	}
	return m, m.copied(corpus)
}

// losses is the sum of the losses over the whole validation part, and how many there are.
func (s *Saved) losses(corpus *data.Corpus) (sum float64, tokens int, err error) {
	if s.Counts != nil {
		return s.counted(corpus)
	}
	v, err := newEvaluator(s.Config, s.Weights, corpus)
	if err != nil {
		return 0, 0, err
	}
	return v.total(0)
}

// likelihood is the loss over the whole validation part, in all its units.
func (s *Saved) likelihood(corpus *data.Corpus) (metrics.Report, error) {
	sum, tokens, err := s.losses(corpus)
	if err != nil {
		return nil, err
	}
	text, err := corpus.Text("valid", 0)
	if err != nil {
		return nil, err
	}
	l := metrics.Likelihood{NLL: sum, Tokens: tokens, Bytes: len(text), Chars: utf8.RuneCountInString(text)}
	if corpus.Config.Task == "lm" || corpus.Config.Task == "" {
		return l.Report(), nil
	}
	// Of a task's answers the end tokens count too, which no byte of the text stands for; of
	// masked text only some tokens do.
	return metrics.Report{{Name: "nll_per_token", Value: sum / float64(tokens)}, {Name: "perplexity", Value: math.Exp(sum / float64(tokens))}}, nil
}

// task generates answers to the part's examples, and compares them with people's.
func (m *Measured) task(ctx context.Context, gen *generation.Generator, corpus *data.Corpus, e Evaluation) error {
	examples, err := corpus.Examples(e.Part)
	if err != nil {
		return err
	}
	if len(examples) == 0 {
		return fmt.Errorf("the %s part has no examples", e.Part)
	}
	examples = spread(examples, e.Examples)
	var hyps []string
	var refs [][]string
	const lanes = 16
	for i := 0; i < len(examples); i += lanes {
		group := examples[i:min(len(examples), i+lanes)]
		texts, err := answers(ctx, gen, group, e.Settings)
		if err != nil {
			return err
		}
		for j, ex := range group {
			hyps, refs = append(hyps, texts[j]), append(refs, append([]string{ex.Reference}, ex.Alternatives...))
			m.Samples = append(m.Samples, Sampled{ex.Source, ex.Reference, texts[j]})
		}
		if e.Progress != nil {
			e.Progress(min(len(examples), i+lanes), len(examples))
		}
	}
	tokenizer := metrics.Tokenize13a
	if chinese(refs) {
		tokenizer = metrics.TokenizeZh
		shape, err := metrics.SameShape(hyps, refs)
		if err != nil {
			return err
		}
		m.Report = append(m.Report, metrics.Measure{Name: "same_shape", Value: shape})
	}
	r, err := metrics.Evaluate(hyps, refs, tokenizer)
	m.Report = append(m.Report, r...)
	return err
}

// answers generates the answer to each example: side by side, or one by one with beams.
func answers(ctx context.Context, gen *generation.Generator, examples []task.Example, s generation.Settings) ([]string, error) {
	var prompts []generation.Prompt
	for _, ex := range examples {
		p, err := promptOf(gen, ex.Source)
		if err != nil {
			return nil, err
		}
		prompts = append(prompts, p)
	}
	var texts []string
	if s.Beams > 1 {
		for _, p := range prompts {
			r, err := gen.Generate(ctx, p, s, 1, nil)
			if err != nil {
				return nil, err
			}
			texts = append(texts, strings.TrimSpace(r[0].Text))
		}
		return texts, nil
	}
	rs, err := gen.Each(ctx, prompts, s, nil)
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		texts = append(texts, strings.TrimSpace(r.Text))
	}
	return texts, nil
}

// free draws texts from nothing, at temperature 0.8 and top-p 0.95, and measures their variety beside that of as much
// text of the validation part.
func (m *Measured) free(ctx context.Context, gen *generation.Generator, corpus *data.Corpus, e Evaluation) error {
	p, err := gen.Prompt("")
	if err != nil {
		return err
	}
	n := min(8, max(1, e.Examples))
	s := generation.Settings{Tokens: 4 * e.Settings.Tokens, Temperature: 0.8, TopP: 0.95, Seed: e.Settings.Seed}
	rs, err := gen.Generate(ctx, p, s, n, nil)
	if err != nil {
		return err
	}
	var texts []string
	for _, r := range rs {
		texts = append(texts, r.Text)
		m.Samples = append(m.Samples, Sampled{Text: r.Text})
	}
	real, err := corpus.Text("valid", n*s.Tokens)
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

// copied measures the longest run of the generated texts that the training part holds.
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

// spread takes n of the examples, evenly spread; all if n is 0.
func spread(examples []task.Example, n int) []task.Example {
	if n <= 0 || n >= len(examples) {
		return examples
	}
	var some []task.Example
	for i := range n {
		some = append(some, examples[i*len(examples)/n])
	}
	return some
}

// chinese says whether most of the references' characters are Han or full-width.
func chinese(refs [][]string) bool {
	wide, all := 0, 0
	for _, r := range refs {
		for _, c := range r[0] {
			if all++; c >= 0x2E80 {
				wide++
			}
		}
	}
	return wide*2 > all
}
