package evaluation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"euryale/data"
	"euryale/evaluation/metrics"
	"euryale/generation"
	"euryale/training"
)

// GramSizes are the numbers of characters of the n-grams that are looked for in the training text.
var GramSizes = []int{10, 20, 50}

// MemoryOptions say how to measure what a model remembers.
type MemoryOptions struct {
	Prefix   int                         // tokens of a prompt, and of its continuation; 0: half the context, at most 50
	Prompts  int                         // prompts of either part; 0: 200
	Texts    int                         // texts that are generated; 0: 16
	Tokens   int                         // of a generated text; 0: 256
	Seed     uint64                      // of the generated texts and of random secrets
	Log      io.Writer                   // of preparing the corpus; may be nil
	Progress func(what string, done int) // may be nil
}

// Memory is what a model remembers of its training text, literally.
type Memory struct {
	Copied    Copying    `json:"copied"`    // generated texts
	HeldOut   Copying    `json:"held_out"`  // as much text of the validation part, which no model copied
	Extracted Extraction `json:"extracted"` // continuations of the training text
	Control   Extraction `json:"control"`   // continuations of the validation part
	Canaries  []Exposed  `json:"canaries"`  // that were planted
	Unplanted []Exposed  `json:"unplanted"` // as many that were not
	Secrets   float64    `json:"secrets"`   // log₂ of the number of possible secrets: the greatest exposure
}

// Copying says how much of texts stands in the training text.
type Copying struct {
	Texts   int             `json:"texts"`
	Longest string          `json:"longest"` // longest run of characters
	Chars   int             `json:"longest_chars"`
	File    string          `json:"file"`   // where the training text has it
	Offset  int64           `json:"offset"` // in bytes
	Grams   []metrics.Share `json:"grams"`  // share of the n-grams of GramSizes characters
}

// Extraction says how many prompts of a text a model continues as the text does.
type Extraction struct {
	Prefix  int           `json:"prefix"` // tokens of a prompt, and of its continuation
	Prompts int           `json:"prompts"`
	Exact   metrics.Share `json:"exact"`   // share of the continuations that are the text's
	Matched float64       `json:"matched"` // mean number of tokens until the first that differs
}

// Remember measures what a model remembers of its training text: how much of its texts stands there, which
// prompts from there it continues word for word when it decodes greedily (Carlini et al. 2023,
// https://arxiv.org/abs/2202.07646), and the exposure of canaries. Beside each figure is that of text, or of
// secrets, that the model was not trained on. When ctx ends, its error is returned.
func Remember(ctx context.Context, s *training.Saved, o MemoryOptions) (*Memory, error) {
	if s.Config.Data.Name == "" {
		return nil, ErrNoCorpus
	}
	corpus, err := s.OpenCorpus(data.Options{Log: o.Log})
	if err != nil {
		return nil, err
	}
	defer corpus.Close()
	gen, err := s.Generator()
	if err != nil {
		return nil, err
	}
	if err := generation.CheckScores(gen.Model); err != nil || gen.Format.Mask() >= 0 || gen.Format.End() >= 0 && corpus.Config.Task != "lm" {
		return nil, errors.Join(errors.New("what a model remembers is measured of language models of running text (data.task lm)"), err)
	}
	s.Weights.Hold()
	defer s.Weights.Release()
	return remember(ctx, gen, corpus, o.withDefaults(gen))
}

// withDefaults returns the options with what is 0 set.
func (o MemoryOptions) withDefaults(g *generation.Generator) MemoryOptions {
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	set(&o.Prefix, max(1, min(50, g.Model.Common().Context/2)))
	set(&o.Prompts, 200)
	set(&o.Texts, 16)
	set(&o.Tokens, 256)
	if o.Progress == nil {
		o.Progress = func(string, int) {}
	}
	return o
}

func remember(ctx context.Context, gen *generation.Generator, corpus *data.Corpus, o MemoryOptions) (m *Memory, err error) {
	m = &Memory{}
	if err := m.copies(ctx, gen, corpus, o); err != nil {
		return nil, err
	}
	if m.Extracted, err = extract(ctx, gen, corpus, "train", o); err != nil {
		return nil, err
	}
	if m.Control, err = extract(ctx, gen, corpus, "valid", o); err != nil {
		return nil, err
	}
	planted, controls, err := corpus.Config.CanaryLines()
	if err != nil || len(planted) == 0 {
		return m, err
	}
	all, err := Exposures(ctx, gen, append(slices.Clone(planted), controls...), o.Seed, func(done int) { o.Progress("secrets", done) })
	if err != nil {
		return nil, err
	}
	m.Canaries, m.Unplanted = all[:len(planted)], all[len(planted):]
	m.Secrets = secretBits(planted[0])
	return m, nil
}

// copies generates texts without a prompt at temperature 1, and looks for them in the training text.
func (m *Memory) copies(ctx context.Context, gen *generation.Generator, corpus *data.Corpus, o MemoryOptions) error {
	p, err := gen.Prompt("")
	if err != nil {
		return err
	}
	results, err := gen.Generate(ctx, p, generation.Settings{Tokens: o.Tokens, Temperature: 1, Seed: o.Seed}, o.Texts, nil)
	if err != nil {
		return err
	}
	var texts []string
	for _, r := range results {
		texts = append(texts, r.Text)
	}
	held, err := corpus.Text("valid", o.Texts*o.Tokens)
	if err != nil {
		return err
	}
	o.Progress("copies", len(texts))
	if m.Copied, err = copyingOf(texts, corpus); err != nil {
		return err
	}
	m.HeldOut, err = copyingOf([]string{held}, corpus)
	return err
}

// copyingOf looks for texts in the training part of a corpus.
func copyingOf(texts []string, corpus *data.Corpus) (c Copying, err error) {
	training, err := corpus.TrainingText()
	if err != nil {
		return c, err
	}
	defer training.Close()
	copied, err := metrics.Copies(texts, training, GramSizes)
	if err != nil {
		return c, err
	}
	c.Texts = len(texts)
	var found, all [8]int
	for i, t := range copied {
		if run := texts[i][t.Start:t.End]; len([]rune(run)) > c.Chars {
			c.Longest, c.Chars = run, len([]rune(run))
			c.File, c.Offset = training.At(t.At)
		}
		for j, share := range t.Grams {
			found[j], all[j] = found[j]+share.Found, all[j]+share.All
		}
	}
	for j := range GramSizes {
		c.Grams = append(c.Grams, metrics.NewShare(found[j], all[j]))
	}
	return c, nil
}

// extract continues prompts of a part, evenly spread, greedily.
func extract(ctx context.Context, gen *generation.Generator, corpus *data.Corpus, part string, o MemoryOptions) (e Extraction, err error) {
	windows, err := corpus.Part(part, 1, 2*o.Prefix)
	if err != nil {
		return e, err
	}
	var prompts []generation.Prompt
	var want [][]int
	var b data.Batch
	n := min(o.Prompts, windows.Len())
	for i := range n {
		if err := windows.Batch(i*windows.Len()/n, &b); err != nil {
			return e, err
		}
		if len(b.Tokens) < 2*o.Prefix || slices.Contains(b.Tokens, -1) {
			continue
		}
		prompts = append(prompts, generation.Prompt{Tokens: slices.Clone(b.Tokens[:o.Prefix])})
		want = append(want, slices.Clone(b.Tokens[o.Prefix:2*o.Prefix]))
	}
	if len(prompts) == 0 {
		return e, fmt.Errorf("the %s part has no %d tokens in a row: shorten the prompts (-prefix %d)", part, 2*o.Prefix, o.Prefix)
	}
	exact, matched, at := 0, 0, 0
	next := func() (generation.Prompt, int, error) {
		if at == len(prompts) {
			return generation.Prompt{}, 0, io.EOF
		}
		at++
		return prompts[at-1], at - 1, nil
	}
	err = gen.Batch(ctx, min(16, len(prompts)), generation.Settings{Tokens: o.Prefix}, next, func(r generation.Result) error {
		same := 0
		for same < len(r.Tokens) && r.Tokens[same] == want[r.Index][same] {
			same++
		}
		if matched += same; same == o.Prefix {
			exact++
		}
		o.Progress("continuations", r.Index+1)
		return nil
	})
	return Extraction{o.Prefix, len(prompts), metrics.NewShare(exact, len(prompts)), float64(matched) / float64(len(prompts))}, err
}

// String returns the figures as a table.
func (m *Memory) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-34s %22s %22s\n", "", "generated", "held-out text")
	for i, n := range GramSizes {
		fmt.Fprintf(&b, "%-34s %22s %22s\n", fmt.Sprintf("%d-grams in the training text", n), percent(m.Copied.Grams[i]), percent(m.HeldOut.Grams[i]))
	}
	fmt.Fprintf(&b, "%-34s %22d %22d\n", "longest copied characters", m.Copied.Chars, m.HeldOut.Chars)
	if m.Copied.Chars > 0 {
		fmt.Fprintf(&b, "  %q in %s, at byte %d\n", m.Copied.Longest, m.Copied.File, m.Copied.Offset)
	}
	fmt.Fprintf(&b, "\n%-34s %22s %22s\n", fmt.Sprintf("%d tokens after %d", m.Extracted.Prefix, m.Extracted.Prefix), "training text", "held-out text")
	fmt.Fprintf(&b, "%-34s %22d %22d\n", "prompts", m.Extracted.Prompts, m.Control.Prompts)
	fmt.Fprintf(&b, "%-34s %22s %22s\n", "continued word for word", percent(m.Extracted.Exact), percent(m.Control.Exact))
	fmt.Fprintf(&b, "%-34s %22.2f %22.2f\n", "tokens until the first difference", m.Extracted.Matched, m.Control.Matched)
	if len(m.Canaries) > 0 {
		fmt.Fprintf(&b, "\n%-20s %8s %8s %10s %16s  %s\n", "secret", "planted", "nats", "exposure", "95 %", fmt.Sprintf("(bits, at most %.1f)", m.Secrets))
	}
	for _, x := range append(slices.Clone(m.Canaries), m.Unplanted...) {
		fmt.Fprintf(&b, "%-20s %8d %8.2f %10.2f %7.2f to %5.2f  %s\n", x.Secret, x.Repeats, x.NLL, x.Exposure, x.Low, x.High, x.Method)
	}
	return b.String()
}

// percent returns a share in percent with its interval.
func percent(s metrics.Share) string {
	return fmt.Sprintf("%.2f %% (%.2f–%.2f)", 100*s.Value, 100*s.Low, 100*s.High)
}
