package modeltest

import (
	"slices"

	"euryale/models"
)

// Causality checks that a token's logits depend on no later token, and on the token itself,
// and that no logits depend on the targets. A bidirectional model must instead do what it
// declares: the logits of its first token must depend on the last.
func Causality(m models.Model, o Options) error {
	s, err := float64s(m, o)
	if err != nil {
		return err
	}
	t := min(passTokens, s.context)
	p, err := s.score(1, t)
	if err != nil {
		return err
	}
	b := s.newBatch(t)
	want, err := s.logits(p, b)
	if err != nil {
		return err
	}
	if err := s.targetsMoveNothing(p, b, want); err != nil {
		return err
	}
	for j := t - 1; j >= 0; j-- {
		got, err := s.logits(p, s.changed(b, j))
		if err != nil {
			return err
		}
		if same(want[j], got[j]) {
			return faultf("the model does not read that token", "changing token %d does not change its own logits", j)
		}
		if models.IsBidirectional(m) {
			if j == t-1 && t > 1 && same(want[0], got[0]) {
				return faultf("attend with s.SequenceLengths(), or remove IsBidirectional", "the model is declared bidirectional, but changing token %d does not change the logits of token 0", j)
			}
			continue
		}
		for i := range j {
			if diff, size := distance(want[i], got[i]); !same(want[i], got[i]) {
				return faultf("the model attends to later tokens; mask the scores with layers.Mask(s, scores, s.CausalLengths(), heads), or declare the model bidirectional (IsBidirectional)",
					"changing token %d changes the logits of token %d (by %.3g, of at most %.3g)", j, i, diff, size).at(s.locate(t, b, s.changed(b, j), upTo(i+1)))
			}
		}
	}
	return nil
}

// changed returns a batch of one sequence with another id as its j-th token.
func (s *subject) changed(b batch, j int) batch {
	tokens := slices.Clone(b.tokens[0])
	tokens[j] = s.other(tokens[j])
	return batch{[][]int{tokens}, b.source}
}

func (s *subject) targetsMoveNothing(p *models.Program, b batch, want [][]float64) error {
	f := b.feed(s, p.Frame().T)
	if err := p.Run(f); err != nil {
		return err
	}
	for i, got := range split(p.Float64s("logits"), s.vocab) {
		if !same(want[i], got) {
			return faultf("the model reads what it has to predict; Logits must not use s.Targets()", "changing the targets changes the logits of token %d", i)
		}
	}
	return nil
}

// upTo matches the first n rows with themselves.
func upTo(n int) func(row int) int {
	return func(row int) int {
		if row < n {
			return row
		}
		return -1
	}
}
