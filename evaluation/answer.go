package evaluation

import (
	"context"
	"fmt"
	"strings"

	"euryale/data"
	"euryale/data/task"
	"euryale/evaluation/metrics"
	"euryale/generation"
	"euryale/training"
)

// Answer generates answers to the examples of a part of the run's corpus, and returns them with
// their references. Products have the precision that is set.
func Answer(ctx context.Context, s *training.Saved, corpus *data.Corpus, o Options) (hyps []string, refs [][]string, unanswered []error, err error) {
	if err := o.Settings.Check(); err != nil {
		return nil, nil, nil, err
	}
	gen, err := s.Generator()
	if err != nil {
		return nil, nil, nil, err
	}
	m := &Measured{}
	hyps, refs, err = m.answer(ctx, gen, corpus, o)
	return hyps, refs, m.Unanswered, err
}

// TokenizerFor returns the tokenization of BLEU for texts with these references, and its name.
func TokenizerFor(refs [][]string) (metrics.Tokenizer, string) {
	var first []string
	for _, r := range refs {
		first = append(first, r[0])
	}
	return metrics.TokenizerFor(first)
}

// answer generates answers to the part's examples. When ctx ends, it returns the error with the
// answers there are.
func (m *Measured) answer(ctx context.Context, gen *generation.Generator, corpus *data.Corpus, o Options) (hyps []string, refs [][]string, err error) {
	examples, err := corpus.Examples(o.Part)
	if err != nil {
		return nil, nil, err
	}
	if len(examples) == 0 {
		return nil, nil, fmt.Errorf("the %s part has no examples", o.Part)
	}
	examples = spread(examples, o.Examples)
	const batch = 16
	for i := 0; i < len(examples); i += batch {
		group := examples[i:min(len(examples), i+batch)]
		texts, errs, err := answers(ctx, gen, group, o.Settings)
		if err != nil && ctx.Err() != nil && i > 0 {
			m.Partial = fmt.Sprintf("the answers to %d of %d examples", i, len(examples))
			return hyps, refs, err
		}
		if err != nil {
			return nil, nil, err
		}
		for j, ex := range group {
			if errs[j] != nil {
				m.Unanswered = append(m.Unanswered, fmt.Errorf("example %q: %w", ex.Source, errs[j]))
			}
			hyps, refs = append(hyps, texts[j]), append(refs, append([]string{ex.Reference}, ex.Alternatives...))
			m.Samples = append(m.Samples, Sample{ex.Source, ex.Reference, texts[j]})
		}
		if o.Progress != nil {
			o.Progress(min(len(examples), i+batch), len(examples))
		}
	}
	return hyps, refs, nil
}

// answers generates the answer to each example: side by side, or one by one with beams. An
// example that has no answer has an error in its place: one bad example ends no others.
func answers(ctx context.Context, gen *generation.Generator, examples []task.Example, s generation.Settings) (texts []string, errs []error, err error) {
	texts, errs = make([]string, len(examples)), make([]error, len(examples))
	var prompts []generation.Prompt
	var of []int // the example of each prompt
	for i, ex := range examples {
		p, err := gen.PromptCut(ex.Source)
		if err != nil {
			errs[i] = err
			continue
		}
		prompts, of = append(prompts, p), append(of, i)
	}
	if s.Beams <= 1 && len(prompts) > 0 {
		rs, err := gen.Each(ctx, prompts, s, nil)
		if err == nil {
			for i, r := range rs {
				texts[of[i]] = strings.TrimSpace(r.Text)
			}
			return texts, errs, nil
		}
	}
	for i, p := range prompts { // with beams, or to find out which has failed
		rs, err := gen.Generate(ctx, p, s, 1, nil)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if errs[of[i]] = err; err == nil {
			texts[of[i]] = strings.TrimSpace(rs[0].Text)
		}
	}
	return texts, errs, nil
}

// spread returns n of the examples, evenly spread; all if n is 0.
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
