package training

import (
	"context"
	"fmt"

	"euryale/data"
)

// TargetLosses calls f with the loss, in nats, of each target of a part of a corpus
// ("train", "valid" or "test"), in the order in which they are computed. Place is where the target's sequence is in
// the part (see data.Batch.Places), i the target's position in the sequence, id the target.
// When ctx ends, its error is returned.
func (s *Saved) TargetLosses(ctx context.Context, corpus *data.Corpus, part string, f func(place, i, id int, loss float64)) error {
	v, err := s.evaluator(corpus, part)
	if err != nil {
		return err
	}
	var losses []float64
	for n := range v.batches.Len() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := v.batches.Batch(n, &v.batch); err != nil {
			return err
		}
		if losses, err = v.targetLosses(losses[:0]); err != nil {
			return fmt.Errorf("%s part, batch %d: %w", part, n, err)
		}
		for at, id := range v.batch.Targets {
			if id >= 0 {
				f(v.batch.Places[at/v.batch.T], at%v.batch.T, id, losses[at])
			}
		}
	}
	return nil
}

// targetLosses appends the losses (B·T) of the batch. That of a row without a target is any
// number.
func (e *evaluator) targetLosses(losses []float64) ([]float64, error) {
	if e.stepper != nil {
		return e.historyLosses(losses)
	}
	if _, _, err := e.score(); err != nil {
		return nil, err
	}
	if e.group.Size() > 1 {
		for _, l := range e.losses {
			losses = append(losses, float64(l))
		}
		return losses, nil
	}
	shards, err := e.shards()
	if err != nil {
		return nil, err
	}
	for _, s := range shards {
		losses = append(losses, s.Float64s("losses")...)
	}
	return losses, nil
}

// historyLosses appends the losses of a batch of one sequence, token by token.
func (e *evaluator) historyLosses(losses []float64) ([]float64, error) {
	b := &e.batch
	if b.Fresh == nil || b.Fresh[0] {
		if err := e.stepper.Truncate(0, 0); err != nil {
			return nil, err
		}
	}
	for i := range b.Tokens {
		l, err := e.stepper.NLL(b.Tokens[i:i+1], b.Targets[i:i+1])
		if err != nil {
			return nil, err
		}
		losses = append(losses, l)
	}
	return losses, nil
}
