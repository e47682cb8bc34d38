package training

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"euryale/data"
	"euryale/internal/ranks"
	"euryale/models"
	"euryale/training/rundir"
)

// Resume continues the run in dir. Sets change its configuration, as in Parse, but only
// keys that leave weights and optimizer state meaningful.
func Resume(dir string, sets []string, log io.Writer) (*Run, error) {
	return new(Start).Resume(dir, sets, log)
}

// Resume continues a run as the function Resume does, on the ranks of s, which may be more or fewer
// than before: each reads dir.
func (s *Start) Resume(dir string, sets []string, log io.Writer) (*Run, error) {
	hold, err := takeOld(dir, sets, s.group().Rank() == 0)
	if err = ranks.Agree(s.group(), err); err != nil {
		return nil, abandon(hold, err)
	}
	r, err := s.reopen(dir, sets, log)
	if err != nil {
		return nil, abandon(hold, err)
	}
	r.hold = hold
	return r, nil
}

// takeOld takes the directory of a run to resume, on the rank that writes it.
func takeOld(dir string, sets []string, writes bool) (*rundir.Hold, error) {
	if err := checkResumable(dir, sets); err != nil {
		return nil, err
	}
	if !rundir.Holds(dir, rundir.Config) {
		return nil, notRunError(dir)
	}
	if !writes {
		return nil, nil
	}
	hold, err := rundir.Take(dir)
	if rundir.IsTaken(err) {
		err = fmt.Errorf("%w: wait until it has ended, or stop it", err)
	}
	return hold, err
}

// reopen opens the corpus of the run in dir, and the run in the state of its last save.
func (s *Start) reopen(dir string, sets []string, log io.Writer) (*Run, error) {
	c, tk, err := openConfig(dir, sets)
	if err == nil {
		err = checkRanks(c, s.group())
	}
	if _, isPredictor := c.Model.(models.Predictor); err == nil && isPredictor {
		err = fmt.Errorf("%s is an %s model: it has read its text once, and there is nothing to continue", dir, c.ModelName)
	}
	if err = ranks.Agree(s.group(), err); err != nil {
		return nil, err
	}
	corpus, err := openData(s.group(), c.Data, c.Tokenizer, tk, log, data.Open)
	if err != nil {
		return nil, err
	}
	r := &Run{Config: c, Dir: dir, Corpus: corpus, ranks: s.Ranks}
	if err := r.start(r.resume()); err != nil {
		return nil, errors.Join(err, corpus.Close())
	}
	return r, nil
}

// resume restores the run's state and opens its batches.
func (r *Run) resume() error {
	if err := r.restore(); errors.Is(err, os.ErrNotExist) {
		return noStateError(r.Dir)
	} else if err != nil {
		return err
	}
	return r.openBatches()
}

// restore sets the run to the state of its last save. A graph must declare the loaded
// weights before the optimizer is made: it says which have weight decay.
func (r *Run) restore() error {
	params, err := models.Parameters(r.Config.Model)
	if err != nil {
		return err
	}
	if err := r.Config.checkMemory(r.group().Size()); err != nil {
		return err
	}
	c, err := rundir.LoadCheckpoint(r.Dir, params)
	if err != nil {
		return err
	}
	r.Weights, r.step, r.tokens, r.before, r.best = c.Weights, c.Step, c.Tokens, c.Elapsed, c.Best
	if err := r.declare(); err != nil {
		return err
	}
	if err := r.prepare(); err != nil {
		return err
	}
	r.replicas.resumed = r.replicas.ofRank(c.Carried)
	if err := r.restoreProgress(c.Progress); err != nil {
		return err
	}
	return r.restoreOptimizer(c)
}

// restoreOptimizer sets the optimizer's state to that of a checkpoint.
func (r *Run) restoreOptimizer(c *rundir.Checkpoint) error {
	if err := r.updater.Restore(c.Step-r.spikes.Skips, c.Optimizer); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(r.Dir, rundir.State), err)
	}
	return nil
}

// noStateError says what to do with a run that cannot be resumed.
func noStateError(dir string) error {
	if rundir.Holds(dir, rundir.Weights) {
		return fmt.Errorf("%s has weights, but no %s to resume from: begin a new run with -init %s", dir, rundir.State, dir)
	}
	return fmt.Errorf("%s was never saved: begin again with -config %s", dir, filepath.Join(dir, rundir.Config))
}

// resumable are the keys that a resumed run may change.
var resumable = []string{"training.steps", "training.for", "training.workers", "training.log_every", "training.eval_every",
	"training.eval_tokens", "training.final_eval_tokens", "training.save_every", "training.sample", "training.recompute",
	"training.spike", "training.spike_z", "training.spike_window", "schedule.steps", "schedule.min_lr", "schedule.name",
	"optimizer.lr", "optimizer.weight_decay", "optimizer.clip"}

// checkResumable refuses sets that change other keys than those. A set of another key is fine if it is
// what the run in dir has.
func checkResumable(dir string, sets []string) error {
	for _, s := range sets {
		key, _, _ := strings.Cut(s, "=")
		if key = strings.TrimSpace(key); slices.Contains(resumable, key) {
			continue
		}
		path := filepath.Join(dir, rundir.Config)
		is, err := Parse(path, nil)
		would, failed := Parse(path, []string{s})
		if err != nil || failed != nil || is.String() != would.String() {
			return fmt.Errorf("%s cannot change when a run is resumed: begin a new run, with -init for its weights", key)
		}
	}
	return nil
}
