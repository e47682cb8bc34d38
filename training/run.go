package training

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"euryale/data"
	"euryale/data/task"
	"euryale/generation"
	"euryale/internal/ranks"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training/rundir"
)

// Run is a model in training.
type Run struct {
	Config  Config
	Dir     string       // of its files; empty: it writes none
	Corpus  *data.Corpus // nil of a run on batches alone (NewOn)
	Weights *graph.Weights
	Watch   Watch

	batches  data.Batcher
	replicas *replicas
	updater  *Updater
	valid    *evaluator
	update   []data.Batch // the batches of an update

	step       int      // updates made
	pending    *Step    // the last update, until its evaluation is reported
	interval   interval // updates since the last report
	spikes     spikes
	tokens     int           // tokens trained on
	before     time.Duration // training time before this call of Train
	started    time.Time     // when Train began
	limit      time.Duration // of training; 0: none
	took       time.Duration // of the last update
	verdict                  // of the evaluations so far
	log        *rundir.Log
	hold       *rundir.Hold // nil of a run without files
	gen        *generation.Generator
	isAveraged bool            // parameters are their averages
	ctx        context.Context // of Train, while it runs: evaluations and samples end with it

	questions []task.Example // rows of the validation part that are answered at each evaluation

	ranks  ranks.Group     // that train together; nil: this process alone
	asked  context.Context // that this rank was asked to end with; ctx ends when all ranks know
	end    func()          // ends ctx among ranks
	agreed time.Duration   // time spent training, as the ranks last agreed
}

// verdict is what evaluations have found out.
type verdict struct {
	best     float64 // lowest validation loss, or minus the best measure of training.best_by
	bestLoss float64 // validation loss of the best weights
	worse    int     // evaluations since then
	flat     int     // of them, those since the plateau schedule lowered the rate
	cuts     int     // times that the plateau schedule lowered the rate
}

// ErrInterrupted is the error of a run that was stopped before its end, and saved.
var ErrInterrupted = errors.New("interrupted: the run is saved")

// Train updates the weights until all steps are made or the time is up, and saves the run.
// When ctx ends it saves and returns ErrInterrupted; an evaluation that was under way is
// made when the run is resumed. A models.Predictor reads the training part once instead.
func (r *Run) Train(ctx context.Context) error {
	stop := r.watchEnd(ctx)
	defer func() { // another call continues, and so does the clock
		stop()
		r.before, r.started = r.clockTime(), time.Time{}
	}()
	if p, ok := r.Config.Model.(models.Predictor); ok {
		return r.learn(ctx, p)
	}
	var err error
	if r.limit, err = r.Config.Training.duration(); err != nil {
		return err
	}
	r.started = time.Now()
	if err := r.consult(); err != nil {
		return err
	}
	if r.Config.Training.Spike == "back" {
		if err := r.saveFirst(); err != nil {
			return err
		}
	}
	done := r.isDone()
	if r.pending != nil {
		if err := r.settle(*r.pending, done); err != nil {
			return err
		}
	}
	for fresh := 0; !done; {
		s, err := r.Update()
		if errors.Is(err, errBack) {
			err = r.goBack(s)
			if r.context().Err() != nil && err == nil {
				return errors.Join(r.Save(), ErrInterrupted)
			}
			if r.pending != nil && err == nil {
				err = r.settle(*r.pending, false)
			}
			if err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", r.step+1, err)
		}
		fresh += s.Tokens - r.tokens
		r.tokens = s.Tokens
		s.PerSecond, s.Share = float64(fresh)/time.Since(r.started).Seconds(), r.Share()
		r.interval.add(s)
		if r.Watch.Step != nil {
			r.Watch.Step(s)
		}
		done = r.isDone()
		if err := r.settle(s, done); err != nil {
			return err
		}
		done = done || r.stopsEarly()
	}
	return nil
}

// saveFirst saves a run that was never saved, so that it has what to go back to.
func (r *Run) saveFirst() error {
	if r.Dir == "" {
		return errors.New("training.spike = \"back\" goes back to the last save, and this run has no directory to save in: use skip")
	}
	saved, err := r.decides(rundir.Holds(r.Dir, rundir.State))
	if saved || err != nil {
		return err
	}
	return r.Save()
}

// isDone reports whether all steps are made or the time is up.
func (r *Run) isDone() bool {
	return r.stopsEarly() || r.step >= r.Config.Training.Steps || r.step > 0 && r.limit > 0 && r.elapsed() >= r.limit
}

// Share returns how much of the run is over, 0 to 1: of its steps or, where more of it is over, of
// its time limit, training.for.
func (r *Run) Share() float64 {
	steps := float64(r.step) / float64(max(1, r.Config.Training.Steps))
	if r.limit == 0 {
		return min(1, steps)
	}
	return min(1, max(steps, float64(r.elapsed())/float64(r.limit)))
}

// stopsEarly reports whether training.patience evaluations in a row were no better than the best.
func (r *Run) stopsEarly() bool {
	patience := r.Config.Training.Patience
	return patience > 0 && r.worse >= patience
}

// context returns the context of Train.
func (r *Run) context() context.Context {
	if r.ctx == nil {
		return context.Background()
	}
	return r.ctx
}

// asking returns the context that this rank was asked to end with.
func (r *Run) asking() context.Context {
	if r.ctx == nil {
		return context.Background()
	}
	return r.asked
}

// ended reports whether err says that the context of Train ended.
func (r *Run) ended(err error) bool {
	cause := r.context().Err()
	return cause != nil && errors.Is(err, cause)
}

// Update makes one step: gradients of all its batches, then the optimizer. A loss or gradient
// that is not finite is an error that names the layer, unless training.spike skips the update
// or goes back, which is for Train.
func (r *Run) Update() (Step, error) {
	if err := r.Config.Training.UsePrecision(); err != nil {
		return Step{}, err
	}
	begin := time.Now()
	s := Step{N: r.step + 1, Of: r.Config.Training.Steps, LR: r.rate(), Tokens: r.tokens}
	if err := r.gradients(&s); isNotFinite(err) {
		s.Loss, s.GradNorm = math.NaN(), math.NaN()
	} else if err != nil {
		return Step{}, err
	}
	if err := r.guard(&s); err != nil {
		return s, err
	}
	if s.Skipped {
		r.updater.Discard()
	} else if err := r.updater.step(s.LR, s.GradNorm); err != nil {
		return Step{}, err
	}
	r.step++
	r.took = time.Since(begin)
	return s, r.consult()
}

// gradients adds the gradients of an update's batches to the updater. It sets the step's mean
// losses over all their targets, the gradients' norm, and the numbers of tokens and targets.
func (r *Run) gradients(s *Step) (err error) {
	if s.Targets, err = r.readBatches(); err != nil {
		return err
	}
	for i := range r.update {
		s.Tokens += r.update[i].B * r.update[i].T
	}
	if r.Config.Training.BPTT == "carry" { // for diverged
		r.replicas.before = r.replicas.states()
	}
	r.Weights.Hold()
	defer r.Weights.Release()
	for i := range r.update {
		rep, loss, err := r.runBatch(i, s.Targets)
		if err != nil {
			return err
		}
		s.Loss += loss
		s.Added = rep.addLosses(s.Added)
		if rep.early != nil { // they were exchanged
			r.updater.added++
		} else if err := r.updater.addShards(rep.gradients(), rep.total); err != nil {
			return err
		}
	}
	s.GradNorm, err = r.updater.Norm()
	return err
}

// runBatch computes the losses and gradients of a batch of the update, as its part of the mean
// over so many targets.
func (r *Run) runBatch(i, targets int) (*replica, float64, error) {
	b := &r.update[i]
	r.replicas.noise.Step = uint64(r.step*len(r.update) + i)
	rep, err := r.replicas.of(b)
	if err != nil {
		return nil, 0, err
	}
	loss, err := rep.run(b, targets, r.Config.Training.Workers)
	return rep, loss, err
}

// readBatches reads the batches of the next update and counts their targets, before the
// first backward pass: each batch's loss and gradients are its part of the mean over all.
func (r *Run) readBatches() (targets int, err error) {
	if r.update == nil {
		r.update = make([]data.Batch, r.Config.Training.Accumulate)
	}
	for i := range r.update {
		r.replicas.limit(&r.update[i], r.Config.Training.Batch)
		if err := r.readBatch(r.step*len(r.update)+i, &r.update[i]); err != nil {
			return 0, err
		}
		targets += countTargets(&r.update[i])
	}
	if targets, err = r.sum(targets); err != nil {
		return 0, err
	}
	if targets == 0 {
		return 0, fmt.Errorf("the batches of an update have no targets: check the data")
	}
	return targets, nil
}

// readBatch reads batch n of all passes into b.
func (r *Run) readBatch(n int, b *data.Batch) error {
	if err := r.batches.Batch(n, b); err != nil {
		return fmt.Errorf("batch %d: %w", n, err)
	}
	return checkBatch(n, b, models.SourceOf(r.Config.Model) > 0)
}

// rate returns the learning rate of the next update. A run with a time limit has that of the
// update's end, if it takes as long as the one before: the last one ends with the schedule.
func (r *Run) rate() float64 {
	c := r.Config
	lr := math.Ldexp(c.Optimizer.LR, -r.spikes.Halved)
	c.Schedule.MinLR = math.Ldexp(c.Schedule.MinLR, -r.spikes.Halved)
	if c.Schedule.Name == "plateau" {
		lr = max(min(lr, c.Schedule.MinLR), lr*math.Pow(c.Schedule.Factor, float64(r.cuts)))
	}
	if r.limit == 0 {
		return c.Schedule.Rate(r.step, lr)
	}
	return c.Schedule.RateWithin(float64(r.elapsed()+r.took)/float64(r.limit), r.step, lr)
}

// elapsed returns the time spent training, before the run was resumed included; among ranks
// that which they last agreed on.
func (r *Run) elapsed() time.Duration {
	if !r.isAlone() {
		return r.agreed
	}
	return r.clockTime()
}

// clockTime is elapsed by this process's clock.
func (r *Run) clockTime() time.Duration {
	if r.started.IsZero() {
		return r.before
	}
	return r.before + time.Since(r.started)
}

// Steps returns the number of updates made.
func (r *Run) Steps() int { return r.step }

// Model returns the model in training.
func (r *Run) Model() models.Model { return r.Config.Model }

// Close closes the run's files and its corpus, and lets others write its directory.
func (r *Run) Close() error {
	var err error
	if r.log != nil {
		err = r.log.Close()
	}
	if r.Corpus != nil {
		err = errors.Join(err, r.Corpus.Close())
	}
	return errors.Join(err, r.hold.Release())
}
