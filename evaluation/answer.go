package evaluation

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"euryale/data"
	"euryale/data/task"
	"euryale/evaluation/metrics"
	"euryale/generation"
	"euryale/internal/ranks"
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
	hyps, refs, err = m.answer(ctx, ranks.Alone{}, gen, corpus, o)
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

// groupSize is how many examples are answered side by side.
const groupSize = 16

// answered is the answer to an example.
type answered struct {
	Text   string
	Failed string // why there is none; empty: there is one
}

// answer generates answers to the part's examples, which ranks share in groups. When ctx ends, it
// returns the error with the answers to the first examples, as many as there are without a gap.
func (m *Measured) answer(ctx context.Context, group ranks.Group, gen *generation.Generator, corpus *data.Corpus, o Options) (hyps []string, refs [][]string, err error) {
	examples, err := corpus.Examples(o.Part)
	if err != nil {
		return nil, nil, err
	}
	if len(examples) == 0 {
		return nil, nil, fmt.Errorf("the %s part has no examples", o.Part)
	}
	examples = spread(examples, o.Examples)
	groups := slices.Collect(slices.Chunk(examples, groupSize))
	own, err := answerShare(ctx, group, gen, groups, o)
	if err != nil && !isEnd(err) {
		return nil, nil, err
	}
	all, failed := gatherAnswers(group, own, len(groups))
	if failed != nil {
		return nil, nil, failed
	}
	for i, ex := range examples[:len(all)] {
		if why := all[i].Failed; why != "" {
			m.Unanswered = append(m.Unanswered, fmt.Errorf("example %q: %s", ex.Source, why))
		}
		hyps, refs = append(hyps, all[i].Text), append(refs, append([]string{ex.Reference}, ex.Alternatives...))
		m.Samples = append(m.Samples, Sample{ex.Source, ex.Reference, all[i].Text})
	}
	if err != nil && len(all) > 0 {
		m.Partial = fmt.Sprintf("the answers to %d of %d examples", len(all), len(examples))
	}
	return hyps, refs, err
}

// isEnd reports whether err says that a context ended, on this rank or another.
func isEnd(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// answerShare answers the rank's groups: each rank has one, then each the next.
func answerShare(ctx context.Context, group ranks.Group, gen *generation.Generator, groups [][]task.Example, o Options) (own map[int][]answered, err error) {
	own = map[int][]answered{}
	return own, ranks.Together(ctx, group, func(ctx context.Context) error {
		for i := group.Rank(); i < len(groups); i += group.Size() {
			texts, errs, err := answers(ctx, gen, groups[i], o.Settings)
			if err != nil {
				return err
			}
			for j, text := range texts {
				a := answered{Text: text}
				if errs[j] != nil {
					a.Failed = errs[j].Error()
				}
				own[i] = append(own[i], a)
			}
			if o.Progress != nil {
				all := (len(groups)-1)*groupSize + len(groups[len(groups)-1])
				o.Progress(min((i/group.Size()+1)*group.Size()*groupSize, all), all)
			}
		}
		return nil
	})
}

// gatherAnswers returns the answers of all ranks to the examples of the first groups, until one that was
// not answered.
func gatherAnswers(group ranks.Group, own map[int][]answered, groups int) (all []answered, err error) {
	var text bytes.Buffer
	if err := gob.NewEncoder(&text).Encode(own); err != nil {
		return nil, err
	}
	texts, err := ranks.Gather(group, text.Bytes())
	if err != nil {
		return nil, err
	}
	for r, text := range texts {
		of := map[int][]answered{}
		if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&of); err != nil {
			return nil, fmt.Errorf("the answers of rank %d: %w", r, err)
		}
		maps.Copy(own, of)
	}
	for i := 0; i < groups && len(own[i]) > 0; i++ {
		all = append(all, own[i]...)
	}
	return all, nil
}

// answers generates the answer to each example: side by side, or one by one where the strategy chooses
// among several texts. An example that has no answer has an error in its place: one bad example ends no others.
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
	if s.Strategy == nil && s.Streams() && len(prompts) > 0 {
		rs, err := gen.Each(ctx, prompts, s, nil)
		if err == nil {
			for i, r := range rs {
				texts[of[i]] = strings.TrimSpace(r.Text)
			}
			return texts, errs, nil
		}
	}
	for i, p := range prompts { // to choose among several texts of each, or to find out which has failed
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
