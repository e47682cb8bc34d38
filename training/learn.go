package training

import (
	"context"
	"errors"
	"io"
	"time"

	"euryale/data"
	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/internal/ranks"
	"euryale/models"
)

// openCorpus opens the corpus of a new run. A models.Predictor reads running text from left
// to right.
func openCorpus(g ranks.Group, c Config, tk tokenizer.Tokenizer, log io.Writer, from opener) (*data.Corpus, error) {
	corpus, err := openData(g, c.Data, c.Tokenizer, tk, log, from)
	if err != nil {
		return nil, err
	}
	_, isPredictor := c.Model.(models.Predictor)
	if !isPredictor || corpus.Config.Task != "lm" || corpus.Config.Target != "" || corpus.Config.Order == "sequential" {
		return corpus, nil
	}
	if err := corpus.Close(); err != nil {
		return nil, err
	}
	c.Data.Order = "sequential"
	return openData(g, c.Data, c.Tokenizer, corpus.Tokenizer, nil, from)
}

// learn trains a model without a graph on one pass over the training part, saves it, and
// evaluates it. Of the settings of training only the seed and the size of the evaluation
// matter. When ctx ends before the pass does, nothing is saved; after it, the model is, without
// a validation loss.
func (r *Run) learn(ctx context.Context, p models.Predictor) error {
	r.started = time.Now()
	learned, err := p.Learn(func(add func(tokens, targets []int, fresh bool) error) error {
		return r.readAll(ctx, r.batches, add)
	})
	if err != nil {
		return err
	}
	r.Config.Model, r.valid, r.gen, r.step = learned, nil, nil, 1
	if r.Corpus == nil {
		return nil
	}
	r.tokens = r.Corpus.Info.Train
	if err := r.Save(); err != nil {
		return err
	}
	loss, targets, err := r.validate(r.finalTokens())
	if r.ended(err) {
		return ErrInterrupted
	}
	if err != nil {
		return err
	}
	r.best = loss
	return r.reportLearned(loss, targets)
}

// readAll passes the sequences of all batches to add.
func (r *Run) readAll(ctx context.Context, batches data.Batcher, add func(tokens, targets []int, fresh bool) error) error {
	r.tokens = 0
	var b data.Batch
	for i := range batches.Len() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := batches.Batch(i, &b); err != nil {
			return err
		}
		for row := range b.B {
			fresh := b.Fresh == nil || b.Fresh[row] || b.B > 1
			if err := add(b.Tokens[row*b.T:(row+1)*b.T], b.Targets[row*b.T:(row+1)*b.T], fresh); err != nil {
				return err
			}
		}
		r.tokens += b.B * b.T
	}
	return nil
}

// reportLearned appends the validation loss to the run's files, with a sample.
func (r *Run) reportLearned(loss float64, targets int) error {
	rec := Record{Step: Step{N: 1, Of: 1, Tokens: r.tokens}, ValLoss: &loss, ValTokens: targets, Seconds: r.elapsed().Seconds()}
	if r.Watch.Eval != nil {
		r.Watch.Eval(rec)
	}
	if r.log == nil {
		return nil
	}
	values := rec.values()
	for _, name := range []string{"loss", "lr", "grad_norm", "tokens_per_s"} { // it has none
		delete(values, name)
	}
	_, err := r.log.Append(0, values)
	return errors.Join(err, r.sample(loss))
}

// newHistoryEvaluator returns the evaluator of a model without a graph: it reads the
// part one sequence at a time.
func newHistoryEvaluator(c Config, p models.Predictor, corpus *data.Corpus, part string) (*evaluator, error) {
	c.Training.Batch = 1
	batches, err := corpus.Part(part, 1, p.Common().Context)
	if err != nil {
		return nil, err
	}
	s, err := generation.NewStepper(p, nil, 1)
	return &evaluator{of: part, config: c, batches: batches, stepper: s, group: ranks.Alone{}}, err
}

// scoreHistory returns the sum of the losses of a batch of one sequence, which continues
// the one before it unless it is fresh.
func (e *evaluator) scoreHistory() (float64, error) {
	if e.batch.Fresh == nil || e.batch.Fresh[0] {
		if err := e.stepper.Truncate(0, 0); err != nil {
			return 0, err
		}
	}
	return e.stepper.NLL(e.batch.Tokens, e.batch.Targets)
}
