package evaluation

import (
	"context"
	"errors"
	"slices"

	"euryale/generation"
	"euryale/layers/draw"
	"euryale/models"
	"euryale/training"
)

// Alignment says how much each token of an answer attends to each token of its source when it is
// predicted: the mean over all layers and heads that attend to the source, row by row.
type Alignment struct {
	Answer, Source []string  // tokens
	Values         []float64 // len(Answer)·len(Source), 0 to 1
}

// mostSource is the number of source tokens that an alignment shows: the last ones of a longer prompt.
const mostSource = 80

// Align returns the alignments of the first n samples of a run that has a corpus. A model without attention to
// the source has none, which is no error; of a sample that does not fit the model the alignment is nil.
func Align(ctx context.Context, s *training.Saved, samples []Sample, n int) ([]*Alignment, error) {
	gen, err := s.Generator()
	if err != nil {
		return nil, err
	}
	if _, counts := gen.Model.(models.Predictor); counts {
		return nil, nil
	}
	all := make([]*Alignment, min(n, len(samples)))
	for i := range all {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if all[i], err = align(gen, samples[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// align returns the alignment of a sample, or nil if there is none.
func align(gen *generation.Generator, s Sample) (*Alignment, error) {
	p, err := gen.PromptCut(s.Source)
	if err != nil {
		return nil, nil // it was not answered either
	}
	answer, err := gen.Tokenizer.EncodeNext(s.Text)
	context := gen.Model.Common().Context
	if err != nil || len(answer) == 0 || context > 0 && len(p.Tokens)+len(answer) > context {
		return nil, nil
	}
	maps, err := gen.Attention(p, answer)
	if none := (*generation.NoLayersError)(nil); errors.As(err, &none) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	source := gen.Labels(p.Source)
	if len(source) == 0 {
		source = gen.Labels(p.Tokens)
	}
	first := len(p.Tokens) - 1 // its row predicts the first token of the answer
	rows := first + 1 + len(answer)
	a := &Alignment{Answer: gen.Labels(answer), Source: source, Values: make([]float64, len(answer)*len(source))}
	n := 0
	for _, m := range maps.Each {
		if len(m.Rows) != rows || !attendsTo(m, p, source) {
			continue
		}
		n++
		for i := range answer {
			for j := range source {
				a.Values[i*len(source)+j] += m.Values[(first+i)*len(m.Cols)+j]
			}
		}
	}
	if n == 0 {
		return nil, nil
	}
	for i := range a.Values {
		a.Values[i] /= float64(n)
	}
	return a.last(mostSource), nil
}

// attendsTo reports whether the columns of a map begin with the source.
func attendsTo(m draw.Map, p generation.Prompt, source []string) bool {
	if len(p.Source) > 0 {
		return slices.Equal(m.Cols, source)
	}
	return len(m.Cols) >= len(source) && slices.Equal(m.Cols[:len(source)], source)
}

// last keeps the last n tokens of the source.
func (a *Alignment) last(n int) *Alignment {
	drop := len(a.Source) - n
	if drop <= 0 {
		return a
	}
	kept := &Alignment{Answer: a.Answer, Source: a.Source[drop:]}
	for i := range a.Answer {
		kept.Values = append(kept.Values, a.Values[i*len(a.Source)+drop:(i+1)*len(a.Source)]...)
	}
	return kept
}
