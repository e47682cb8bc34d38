package training

import (
	"context"

	"euryale/data"
)

// ValidationLoss returns the sum of the losses over the whole validation part of a corpus,
// in nats, and the number of targets. When ctx ends, its error is returned with the sum so
// far. Progress, which may be nil, is called with numbers of batches.
func (s *Saved) ValidationLoss(ctx context.Context, corpus *data.Corpus, progress func(done, total int)) (sum float64, targets int, err error) {
	return s.PartLoss(ctx, corpus, "valid", progress)
}

// PartLoss returns the sum of the losses over a part of a corpus ("train", "valid" or "test"), as
// ValidationLoss does.
func (s *Saved) PartLoss(ctx context.Context, corpus *data.Corpus, part string, progress func(done, total int)) (sum float64, targets int, err error) {
	v, err := s.evaluator(corpus, part)
	if err != nil {
		return 0, 0, err
	}
	return v.total(ctx, 0, progress)
}

// evaluator returns the evaluator of the model on a part of a corpus.
func (s *Saved) evaluator(corpus *data.Corpus, part string) (*evaluator, error) {
	v, err := newEvaluator(s.Config, s.Weights, corpus, part)
	if err == nil && s.Ranks != nil {
		v.group = s.Ranks
	}
	return v, err
}
