package experiment

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"euryale/data"
	"euryale/models"
	"euryale/training"
	"euryale/training/rundir"
)

// trainRun trains a run to its end. One that was stopped resumes.
func (s *sweep) trainRun(ctx context.Context, r *SweepRun) error {
	run, err := s.open(r)
	if err != nil {
		return err
	}
	began := time.Now()
	run.Watch.Step = func(step training.Step) { s.progress(r, run.Config, step, time.Since(began)) }
	if _, isPredictor := run.Config.Model.(models.Predictor); !isPredictor {
		s.begin(ctx)
		defer s.end()
	}
	return errors.Join(run.Train(ctx), run.Close())
}

// open begins a run, or resumes it from its last save.
func (s *sweep) open(r *SweepRun) (*training.Run, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	if rundir.Holds(r.Dir, rundir.Config) {
		_, isPredictor := r.config.Model.(models.Predictor)
		if rundir.Holds(r.Dir, rundir.State) && !isPredictor {
			return training.Resume(r.Dir, nil, s.options.Log)
		}
		if err := rundir.Forget(r.Dir); err != nil {
			return nil, err
		}
	}
	start, c, err := s.begins(r)
	if err != nil {
		return nil, err
	}
	return start.New(c, r.Dir, s.options.Log)
}

// progress reports how much of all runs is done.
func (s *sweep) progress(r *SweepRun, c training.Config, step training.Step, took time.Duration) {
	done := float64(step.N) / float64(max(1, step.Of))
	if limit, err := time.ParseDuration(c.Training.For); err == nil && limit > 0 {
		done = max(done, took.Seconds()/limit.Seconds())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.percent[r] = int(100 * min(1, done))
	if s.options.Progress == nil {
		return
	}
	sum, n := s.others, 0
	for _, p := range s.points {
		for _, other := range p.Runs {
			n++
			if other.Done {
				sum += 100
			} else {
				sum += s.percent[other]
			}
		}
	}
	s.options.Progress(sum, 100*n, fmt.Sprintf("%s: loss %.4f", r.Name, step.Loss))
}

// begin says that a run has something to save; the first of several says so to the caller.
func (s *sweep) begin(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active++; s.active == 1 && s.options.Saving != nil {
		s.saved = s.options.Saving(ctx)
	}
}

// end says that a run is saved.
func (s *sweep) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active--; s.active == 0 && s.saved != nil {
		s.saved()
		s.saved = nil
	}
}

// measure computes the loss of a run's best weights over the whole validation text.
func (s *sweep) measure(ctx context.Context, r *SweepRun) (result Result, err error) {
	saved, err := training.Open(r.Dir, false)
	if err != nil {
		return result, err
	}
	s.opening.Lock()
	corpus, err := data.Open(saved.Config.Data, saved.Config.Tokenizer, saved.Tokenizer, data.Options{})
	s.opening.Unlock()
	if err != nil {
		return result, err
	}
	defer corpus.Close()
	l, err := losses(ctx, saved, corpus, "valid", nil)
	if err != nil {
		return result, err
	}
	sum := 0.0
	for _, t := range l.targets {
		sum += t.loss
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return result, fmt.Errorf("its validation loss is %v", sum)
	}
	result.Done, result.Loss = true, sum/float64(len(l.targets))
	if l.bytes > 0 {
		result.BitsPerByte = sum / math.Ln2 / float64(l.bytes)
	}
	result.Text, result.Tokens = hex.EncodeToString(l.text[:8]), hex.EncodeToString(l.ids[:8])
	records, err := rundir.ReadMetrics(r.Dir)
	if len(records) > 0 {
		last := records[len(records)-1]
		result.Steps, result.Seconds = last.Step, last.Values["seconds"]
	}
	return result, err
}
