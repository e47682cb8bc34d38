package training

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"euryale/data"
	"euryale/generation"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training/rundir"
)

// Run is a model in training.
type Run struct {
	Config  Config
	Dir     string // of its files; empty: it writes none
	Corpus  *data.Corpus
	Weights *graph.Weights
	Watch   Watch

	batches  data.Batcher
	replicas *replicas
	updater  *Updater
	valid    *evaluator
	update   []data.Batch // the batches of an update

	step    int           // updates made
	tokens  int           // tokens trained on
	before  time.Duration // training time before the run was resumed
	started time.Time
	best    float64 // lowest validation loss
	log     *rundir.Log
	hold    *rundir.Hold // nil of a run without files
	gen     *generation.Generator
	ctx     context.Context // of Train, while it runs: evaluations and samples end with it
}

// ErrInterrupted is the error of a run that was stopped before its end, and saved.
var ErrInterrupted = errors.New("interrupted: the run is saved")

// Train updates the weights until all steps are made or the time is up, and saves the run.
// When ctx ends it saves and returns ErrInterrupted; an evaluation that was under way is
// left out. A models.Predictor reads the training part once instead.
func (r *Run) Train(ctx context.Context) error {
	r.ctx = ctx
	defer func() { r.ctx = nil }()
	if p, ok := r.Config.Model.(models.Predictor); ok {
		return r.learn(ctx, p)
	}
	limit, err := r.Config.Training.duration()
	if err != nil {
		return err
	}
	r.started = time.Now()
	fresh, done := 0, r.step >= r.Config.Training.Steps
	for !done {
		s, err := r.Update()
		if err != nil {
			return fmt.Errorf("step %d: %w", r.step+1, err)
		}
		fresh += s.Tokens - r.tokens
		r.tokens = s.Tokens
		s.PerSecond = float64(fresh) / time.Since(r.started).Seconds()
		done = r.step >= r.Config.Training.Steps || limit > 0 && r.elapsed() >= limit
		err = r.after(s, done)
		if ended := r.ended(err); ended || err == nil && ctx.Err() != nil && !done {
			return errors.Join(r.Save(), ErrInterrupted)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// context returns the context of Train.
func (r *Run) context() context.Context {
	if r.ctx == nil {
		return context.Background()
	}
	return r.ctx
}

// ended reports whether err says that the context of Train ended.
func (r *Run) ended(err error) bool {
	cause := r.context().Err()
	return cause != nil && errors.Is(err, cause)
}

// after reports, evaluates and saves after a step, where that is due. A step whose
// evaluation was interrupted is reported without it.
func (r *Run) after(s Step, done bool) error {
	c := r.Config.Training
	due := func(every int) bool { return every > 0 && r.step%every == 0 }
	if r.Watch.Step != nil {
		r.Watch.Step(s)
	}
	evaluate := done || due(c.EvalEvery)
	if evaluate || due(c.LogEvery) {
		rec := Record{Step: s, Seconds: r.elapsed().Seconds()}
		var err error
		if evaluate {
			if err = r.evaluate(&rec, done); err != nil && !r.ended(err) {
				return err
			}
		}
		if err := errors.Join(r.report(rec), err); err != nil {
			return err
		}
	}
	if done || due(c.SaveEvery) || c.SaveEvery == 0 && evaluate {
		return r.Save()
	}
	return nil
}

// Update makes one step: gradients of all its batches, then the optimizer.
func (r *Run) Update() (Step, error) {
	if err := r.Config.Training.UsePrecision(); err != nil {
		return Step{}, err
	}
	loss, added, read, err := r.gradients()
	if err != nil {
		return Step{}, err
	}
	lr := r.Config.Schedule.Rate(r.step, r.Config.Optimizer.LR)
	norm, err := r.updater.Step(lr)
	if err != nil {
		return Step{}, err
	}
	r.step++
	return Step{N: r.step, Of: r.Config.Training.Steps, Loss: loss, LR: lr, GradNorm: norm, Tokens: r.tokens + read, Added: added}, nil
}

// gradients adds the gradients of an update's batches to the updater. It returns the mean
// losses over all their targets, and the number of tokens read.
func (r *Run) gradients() (loss float64, added []NamedLoss, tokens int, err error) {
	targets, err := r.readBatches()
	if err != nil {
		return 0, nil, 0, err
	}
	r.Weights.Hold()
	defer r.Weights.Release()
	for i := range r.update {
		b := &r.update[i]
		r.replicas.noise.Step = uint64(r.step*len(r.update) + i)
		rep, err := r.replicas.of(b)
		if err != nil {
			return 0, nil, 0, err
		}
		l, err := rep.run(b, targets, r.Config.Training.Workers)
		if err != nil {
			return 0, nil, 0, err
		}
		loss += l
		added = rep.addLosses(added)
		tokens += b.B * b.T
		r.updater.Add(rep.gradients())
	}
	return loss, added, tokens, nil
}

// readBatches reads the batches of the next update and counts their targets, before the
// first backward pass: each batch's loss and gradients are its part of the mean over all.
func (r *Run) readBatches() (targets int, err error) {
	if r.update == nil {
		r.update = make([]data.Batch, r.Config.Training.Accumulate)
	}
	for i := range r.update {
		if err := r.batches.Batch(r.step*len(r.update)+i, &r.update[i]); err != nil {
			return 0, err
		}
		targets += countTargets(&r.update[i])
	}
	if targets == 0 {
		return 0, fmt.Errorf("the batches of an update have no targets: check the data")
	}
	return targets, nil
}

func (r *Run) elapsed() time.Duration { return r.before + time.Since(r.started) }

// evaluate measures the validation loss, saves the best weights, and writes a sample. The
// last evaluation reports the loss over the whole validation part; the best weights are
// found on the same tokens every time.
func (r *Run) evaluate(rec *Record, last bool) error {
	loss, err := r.Validate(false)
	if err != nil {
		return err
	}
	if loss < r.best {
		r.best = loss
		if err := r.saveWeights(rundir.Best); err != nil {
			return err
		}
	}
	if last && r.Config.Training.EvalTokens > 0 {
		if loss, err = r.Validate(true); err != nil {
			return err
		}
	}
	rec.ValLoss = &loss
	if r.Watch.Eval != nil {
		r.Watch.Eval(*rec)
	}
	return r.sample(loss)
}

// Validate returns the mean loss per token over the validation part in nats: over all of
// it, or over as much as training.eval_tokens says.
func (r *Run) Validate(whole bool) (float64, error) {
	if err := r.Config.Training.UsePrecision(); err != nil {
		return 0, err
	}
	if r.valid == nil {
		v, err := newEvaluator(r.Config, r.Weights, r.Corpus)
		if err != nil {
			return 0, err
		}
		r.valid = v
	}
	r.Weights.Hold()
	defer r.Weights.Release()
	limit := r.Config.Training.EvalTokens
	if whole {
		limit = 0
	}
	return r.valid.loss(r.context(), limit)
}

// report appends a record to the run's files.
func (r *Run) report(rec Record) error {
	if r.log == nil {
		return nil
	}
	warning, err := r.log.Append(rec.N, rec.values())
	if warning != "" && r.Watch.Message != nil {
		r.Watch.Message(warning)
	}
	return err
}

// Save writes the weights, and the state that Resume reads.
func (r *Run) Save() error {
	if r.Dir == "" {
		return nil
	}
	if p, ok := r.Config.Model.(models.Predictor); ok { // that is all there is
		return p.Save(filepath.Join(r.Dir, rundir.Weights))
	}
	if err := r.saveWeights(rundir.Weights); err != nil {
		return err
	}
	c := rundir.Checkpoint{Model: r.Config.ModelName, Seed: r.Config.Training.Seed, Step: r.step, Tokens: r.tokens, Elapsed: r.elapsed(),
		Best: r.best, Weights: r.Weights, Optimizer: r.updater.State(), Carried: r.replicas.states()}
	return c.Save(r.Dir)
}

func (r *Run) saveWeights(name string) error {
	if r.Dir == "" {
		return nil
	}
	return rundir.SaveWeights(filepath.Join(r.Dir, name), r.Weights, r.Config.ModelName)
}

// Model returns the model in training.
func (r *Run) Model() models.Model { return r.Config.Model }

// Close closes the run's files and its corpus, and lets others write its directory.
func (r *Run) Close() error {
	var err error
	if r.log != nil {
		err = r.log.Close()
	}
	return errors.Join(err, r.Corpus.Close(), r.hold.Release())
}
