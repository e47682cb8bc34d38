package modeltest

import (
	"fmt"
	"slices"

	"euryale/models"
)

// Sequences checks that the logits of a sequence depend on that sequence only: not on the tokens
// or sources of the other sequences of the batch, not on the order of sequences, and not on
// padding.
func Sequences(m models.Model, o Options) error {
	s, err := float64s(m, o)
	if err != nil {
		return err
	}
	t := min(passTokens, s.context)
	b := s.newBatch(ragged(t)...)
	p, err := s.score(len(b.tokens), t)
	if err != nil {
		return err
	}
	want, err := s.logits(p, b)
	if err != nil {
		return err
	}
	for _, check := range []func(*models.Program, batch, [][]float64) error{s.othersMoveNothing, s.orderMovesNothing, s.paddingMovesNothing} {
		if err := check(p, b, want); err != nil {
			return err
		}
	}
	return nil
}

// othersMoveNothing changes one sequence after another, and compares the logits of the others.
func (s *subject) othersMoveNothing(p *models.Program, b batch, want [][]float64) error {
	for i := range b.tokens {
		for _, c := range []struct {
			what          string
			tokens        bool
			token, source []int
		}{
			{"changing the tokens of sequence %d", true, s.ids(len(b.tokens[i])), b.source[i]},
			{"changing the source of sequence %d", s.source > 0, b.tokens[i], s.ids(len(b.source[i]))},
			{"emptying sequence %d", true, nil, nil},
		} {
			if !c.tokens {
				continue
			}
			changed := batch{slices.Clone(b.tokens), slices.Clone(b.source)}
			changed.tokens[i], changed.source[i] = c.token, c.source
			got, err := s.logits(p, changed)
			if err != nil {
				return fmt.Errorf(c.what+": %w", i, err)
			}
			for k := range b.tokens {
				if k == i {
					continue
				}
				if err := s.unmoved(b.tokens[k], want[k*p.Frame().T:], got[k*p.Frame().T:]); err != nil {
					t := p.Frame().T
					return faultf("a layer mixes the rows of different sequences; a sum, mean, maximum or softmax over rows must stay within the T rows of a sequence", c.what+" changes %v of sequence %d", i, err, k).
						at(s.locate(t, b, changed, between(k*t, k*t+len(b.tokens[k]))))
				}
			}
		}
	}
	return nil
}

// orderMovesNothing reverses the order of the batch.
func (s *subject) orderMovesNothing(p *models.Program, b batch, want [][]float64) error {
	n, t := len(b.tokens), p.Frame().T
	turned := batch{slices.Clone(b.tokens), slices.Clone(b.source)}
	slices.Reverse(turned.tokens)
	slices.Reverse(turned.source)
	got, err := s.logits(p, turned)
	if err != nil {
		return err
	}
	for i := range n {
		if err := s.unmoved(b.tokens[i], want[i*t:], got[(n-1-i)*t:]); err != nil {
			return faultf("a layer depends on a row's number in the batch; positions are s.Positions()", "moving a sequence from row %d of the batch to row %d changes %v", i, n-1-i, err).
				at(s.locate(t, b, turned, moved(i*t, (n-1-i)*t, len(b.tokens[i]))))
		}
	}
	return nil
}

// paddingMovesNothing scores each sequence in a batch of its own, without padding of its tokens
// or source.
func (s *subject) paddingMovesNothing(p *models.Program, b batch, want [][]float64) error {
	for i, seq := range b.tokens {
		alone := *s
		alone.source = len(b.source[i])
		if s.source > 0 && alone.source == 0 {
			continue
		}
		one, err := alone.score(1, len(seq))
		if err != nil {
			return err
		}
		got, err := alone.logits(one, batch{[][]int{seq}, [][]int{b.source[i]}})
		if err != nil {
			return err
		}
		if err := s.unmoved(seq, want[i*p.Frame().T:], got); err != nil {
			t := p.Frame().T
			return faultf("padding is not masked: mask scores with s.CausalLengths(), s.SequenceLengths() or s.SourceLengths(), and keep the state of a recurrence where s.Positions() is -1",
				"sequence %d of %d tokens (source: %d) padded to %d (%d) has other logits than alone, %v differ", i, len(seq), len(b.source[i]), t, s.source, err).
				at(s.locateIn(&alone, t, len(seq), b, batch{[][]int{seq}, [][]int{b.source[i]}}, moved(i*t, 0, len(seq))))
		}
	}
	return nil
}

// unmoved compares the rows of a sequence in two runs. The error names the first token
// whose logits differ.
func (s *subject) unmoved(seq []int, want, got [][]float64) error {
	for j := range seq {
		if !same(want[j], got[j]) {
			diff, size := distance(want[j], got[j])
			return fmt.Errorf("the logits of token %d (by %.3g, of at most %.3g)", j, diff, size)
		}
	}
	return nil
}

// between matches the rows from a to b with themselves.
func between(a, b int) func(row int) int { return moved(a, a, b-a) }

// moved matches n rows from row a on with those from row b on.
func moved(a, b, n int) func(row int) int {
	return func(row int) int {
		if row < a || row >= a+n {
			return -1
		}
		return b + row - a
	}
}
