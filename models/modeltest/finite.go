package modeltest

import "euryale/models"

// Finite checks that all logits of a batch are finite. The other checks include it.
func Finite(m models.Model, o Options) error {
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
	_, err = s.logits(p, b)
	return err
}
