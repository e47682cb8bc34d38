package training

import (
	"errors"

	"euryale/training/rundir"
)

// settle reports, evaluates and saves after an update, where that is due. If the context of
// Train ended it saves the run and returns ErrInterrupted, unless the run is complete.
func (r *Run) settle(s Step, done bool) error {
	err := r.after(s, done)
	switch ended := r.ended(err); {
	case ended && done: // saved before its last evaluation
		return ErrInterrupted
	case ended || err == nil && r.context().Err() != nil && !done:
		return errors.Join(r.Save(), ErrInterrupted)
	}
	return err
}

// after reports, evaluates and saves after an update, where that is due. The last evaluation
// comes after the save. One that is interrupted stays pending: the run that resumes makes it
// up.
func (r *Run) after(s Step, done bool) error {
	c := r.Config.Training
	due := func(every int) bool { return every > 0 && s.N%every == 0 }
	evaluate := r.Corpus != nil && (done || due(c.EvalEvery))
	rec := Record{Step: s, Outliers: r.spikes.Found}
	r.interval.fill(&rec)
	if evaluate {
		r.pending = &s
		if done {
			if err := r.Save(); err != nil {
				return err
			}
		}
		if err := r.averaged(func() error { return r.evaluate(&rec, done) }); err != nil {
			return err
		}
	}
	if evaluate || due(c.LogEvery) {
		rec.Seconds = r.elapsed().Seconds()
		if err := r.report(rec); err != nil {
			return err
		}
		r.interval, r.spikes.Found = interval{}, Outliers{}
	}
	r.pending = nil
	if done || r.stopsEarly() || due(c.SaveEvery) || c.SaveEvery == 0 && evaluate {
		return r.Save()
	}
	return nil
}

// evaluate measures the validation loss, and the answers if training.best_by is a measure of them. It
// saves the best weights, and writes a sample. The best weights are found on the same tokens and rows
// every time; the last evaluation reports the loss over more tokens, where training took long enough.
func (r *Run) evaluate(rec *Record, last bool) (err error) {
	before := r.verdict
	defer func() {
		if err != nil { // it is made once more
			r.verdict = before
		}
	}()
	usual := r.Config.Training.EvalTokens
	loss, targets, err := r.validate(usual)
	if err != nil {
		return err
	}
	if rec.Answers, err = r.score(); err != nil {
		return err
	}
	if err := r.judge(loss, rec.Answers); err != nil {
		return err
	}
	last = last || r.stopsEarly()
	if final := r.finalTokens(); last && r.valid.stride(final) != r.valid.stride(usual) {
		if loss, targets, err = r.validate(final); err != nil {
			return err
		}
	}
	rec.ValLoss, rec.ValTokens, rec.Parts, rec.Seconds = &loss, targets, r.valid.parts(), r.elapsed().Seconds()
	if r.Watch.Eval != nil {
		r.Watch.Eval(*rec)
	}
	return r.sample(loss)
}

// judge saves the best weights if the model is better than before; else the run comes nearer to its end and to a
// lower learning rate.
func (r *Run) judge(loss float64, answers *Score) error {
	if r.improves(loss, answers) {
		return r.saveWeights(rundir.Best)
	}
	r.worse++
	r.lowerOnPlateau()
	return nil
}

// finalTokens returns the limit of the last evaluation; 0: the whole part. By default it is
// bounded by a share of the tokens trained on, a token of which takes about three times as
// long, and not by the clock: a run that was stopped and resumed has the same one.
func (r *Run) finalTokens() int {
	switch c := r.Config.Training; {
	case c.EvalTokens == 0:
		return 0
	case c.FinalEval > 0:
		return max(c.EvalTokens, c.FinalEval)
	default:
		return max(c.EvalTokens, r.tokens/8)
	}
}

// Validate returns the mean loss per token over the validation part in nats: over all of
// it, or over as much as training.eval_tokens says. A run on batches alone (NewOn) has none.
func (r *Run) Validate(whole bool) (float64, error) {
	if r.Corpus == nil {
		return 0, noCorpus("the validation loss")
	}
	limit := r.Config.Training.EvalTokens
	if whole {
		limit = 0
	}
	var loss float64
	err := r.averaged(func() (err error) {
		loss, _, err = r.validate(limit)
		return err
	})
	return loss, err
}

// validate returns the mean validation loss over at least limit tokens, 0: over all, and the
// number of targets.
func (r *Run) validate(limit int) (loss float64, targets int, err error) {
	if err := r.Config.Training.UsePrecision(); err != nil {
		return 0, 0, err
	}
	if r.valid == nil {
		if r.valid, err = newEvaluator(r.Config, r.Weights, r.Corpus, "valid"); err != nil {
			r.valid = nil
			return 0, 0, err
		}
		if r.valid.stepper == nil {
			r.valid.group, r.valid.consult = r.group(), r.consult
		}
	}
	r.Weights.Hold()
	defer r.Weights.Release()
	sum, targets, err := r.valid.total(r.context(), limit, r.Watch.Validating)
	return sum / float64(max(1, targets)), targets, err
}

// report appends a record to the run's files.
func (r *Run) report(rec Record) error {
	if r.log == nil {
		return nil
	}
	warning, err := r.log.Append(rec.N, rec.values())
	if warning != "" {
		r.message(warning)
	}
	return err
}
