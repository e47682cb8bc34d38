package training

import (
	"context"
	"errors"
	"fmt"
	"time"

	"euryale/data"
	"euryale/generation"
	"euryale/layers/graph"
	"euryale/models"
)

// Run is a model in training.
type Run struct {
	Config  Config
	Dir     string // where its files go
	Corpus  *data.Corpus
	Weights *graph.Weights
	Watch   Watch

	batches  data.Batcher
	optim    *AdamW
	noise    *graph.Noise
	replicas map[shape]*replica
	valid    *evaluator
	carried  []*graph.Memory        // of each shard, when state goes from batch to batch
	resumed  []map[string][]float32 // carried states that a resumed run begins with
	batch    data.Batch

	step    int           // updates made
	tokens  int           // tokens trained on
	before  time.Duration // time that earlier sittings took
	started time.Time
	best    float64 // lowest validation loss
	files   *files
	gen     *generation.Generator
}

// Watch is told what happens in a run. Any of its functions may be nil.
type Watch struct {
	Step    func(s Step)
	Eval    func(r Record)
	Message func(text string)
}

// Step is what one update did.
type Step struct {
	N, Of     int     // updates made, and wanted
	Loss      float64 // mean over the update's targets, in nats
	LR        float64
	GradNorm  float64 // before clipping
	Tokens    int     // trained on so far
	PerSecond float64 // tokens, in this sitting
	Added     []NamedLoss
}

// NamedLoss is a loss that a layer has added to the model's: see graph.Scope.AddLoss.
type NamedLoss struct {
	Name  string  // the path it was added at
	Value float64 // mean over the update's targets, unweighted
}

// ErrInterrupted says that a run was told to stop, and has been saved.
var ErrInterrupted = errors.New("interrupted: the run is saved")

// Train updates the weights until all steps are made or the time is up, and leaves the
// run saved. When ctx ends it saves and returns ErrInterrupted. A models.Predictor reads
// the training part once instead.
func (r *Run) Train(ctx context.Context) error {
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
		if err := r.after(s, done); err != nil {
			return err
		}
		if ctx.Err() != nil && !done {
			return errors.Join(r.Save(), ErrInterrupted)
		}
	}
	return nil
}

// after does what is due once a step is made: report, evaluate, save.
func (r *Run) after(s Step, done bool) error {
	c := r.Config.Training
	due := func(every int) bool { return every > 0 && r.step%every == 0 }
	if r.Watch.Step != nil {
		r.Watch.Step(s)
	}
	evaluate := done || due(c.EvalEvery)
	if evaluate || due(c.LogEvery) {
		rec := r.record(s)
		if evaluate {
			if err := r.evaluate(&rec, done); err != nil {
				return err
			}
		}
		if err := r.report(rec); err != nil {
			return err
		}
	}
	if done || due(c.SaveEvery) || c.SaveEvery == 0 && evaluate {
		return r.Save()
	}
	return nil
}

// Update makes one step: gradients of all its batches, then the optimiser.
func (r *Run) Update() (Step, error) {
	if err := r.Config.Training.UsePrecision(); err != nil {
		return Step{}, err
	}
	loss, added, seen, err := r.gradients()
	if err != nil {
		return Step{}, err
	}
	lr := r.Config.Schedule.Rate(r.step, r.Config.Optimizer.LR)
	norm, err := r.optim.Step(lr)
	if err != nil {
		return Step{}, err
	}
	r.step++
	return Step{N: r.step, Of: r.Config.Training.Steps, Loss: loss, LR: lr, GradNorm: norm, Tokens: r.tokens + seen, Added: added}, nil
}

// gradients gives the optimiser those of an update's batches.
func (r *Run) gradients() (loss float64, added []NamedLoss, seen int, err error) {
	r.Weights.Hold()
	defer r.Weights.Release()
	c := r.Config.Training
	for i := range c.Accumulate {
		n := r.step*c.Accumulate + i
		if err := r.batches.Batch(n, &r.batch); err != nil {
			return 0, nil, 0, err
		}
		r.noise.Step = uint64(n)
		rep, err := r.replica(&r.batch)
		if err != nil {
			return 0, nil, 0, err
		}
		l, err := rep.run(&r.batch, c.Workers)
		if err != nil {
			return 0, nil, 0, err
		}
		loss += l / float64(c.Accumulate)
		added = rep.addLosses(added, 1/float64(c.Accumulate))
		seen += r.batch.B * r.batch.T
		r.optim.Add(rep.gradients())
	}
	return loss, added, seen, nil
}

func (r *Run) elapsed() time.Duration { return r.before + time.Since(r.started) }

// evaluate measures the validation loss, keeps the best weights, and draws a sample. The
// last evaluation reports the loss over the whole validation part, while the best weights
// are found by the same tokens every time.
func (r *Run) evaluate(rec *Record, last bool) error {
	loss, err := r.Validate(false)
	if err != nil {
		return err
	}
	if loss < r.best {
		r.best = loss
		if err := r.saveWeights("best.safetensors"); err != nil {
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

// Validate is the mean loss per token over the validation part in nats: over all of it,
// or over as much as training.eval_tokens says.
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
	return r.valid.loss(limit)
}

// Model is the model in training.
func (r *Run) Model() models.Model { return r.Config.Model }
