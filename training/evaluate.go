package training

import (
	"context"

	"euryale/data"
)

// ValidationLoss returns the sum of the losses over the whole validation part of a corpus,
// in nats, and the number of targets. When ctx ends, its error is returned.
func (s *Saved) ValidationLoss(ctx context.Context, corpus *data.Corpus) (sum float64, tokens int, err error) {
	v, err := newEvaluator(s.Config, s.Weights, corpus)
	if err != nil {
		return 0, 0, err
	}
	return v.total(ctx, 0)
}
