package training

import (
	"context"

	"euryale/data"
	"euryale/internal/ranks"
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
	if s.group().Size() > 1 { // ranks end together
		asked := ctx
		inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		ctx, v.consult = inner, func() error {
			ended, err := anyOf(s.group(), asked.Err() != nil)
			if ended {
				cancel()
			}
			return err
		}
	}
	return v.total(ctx, 0, progress)
}

// anyOf reports whether any rank passes true.
func anyOf(g ranks.Group, yes bool) (bool, error) {
	n := []int64{0}
	if yes {
		n[0] = 1
	}
	err := ranks.AllReduce(g, n, ranks.Max)
	return n[0] > 0, err
}

// evaluator returns the evaluator of the model on a part of a corpus.
func (s *Saved) evaluator(corpus *data.Corpus, part string) (*evaluator, error) {
	v, err := newEvaluator(s.Config, s.Weights, corpus, part)
	if err == nil {
		v.group = s.group()
	}
	return v, err
}

// CheckSame returns an error that names what differs between the ranks of s: the program, the
// configuration, the corpus, which may be nil, the weights, or one of the traits.
func (s *Saved) CheckSame(corpus *data.Corpus, traits ...ranks.Trait) error {
	if s.group().Size() == 1 {
		return nil
	}
	return ranks.CheckSame(s.group(), append(traitsOf(s.Config, corpus, 0, s.Weights), traits...))
}

// group returns the ranks that evaluate the run together.
func (s *Saved) group() ranks.Group {
	if s.Ranks == nil {
		return ranks.Alone{}
	}
	return s.Ranks
}
