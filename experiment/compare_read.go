package experiment

import (
	"cmp"
	"context"
	"fmt"

	"euryale/data"
	"euryale/evaluation"
	"euryale/evaluation/metrics"
	"euryale/training"
)

// Cache keeps the losses of runs, so that a run in several comparisons is read once. The answers
// to a task are not kept. The zero value is empty.
type Cache struct{ runs map[string]cached }

type cached struct {
	losses *scored
	cost   training.Cost
}

func (c *Cache) get(dir string) (run cached, ok bool) {
	if c == nil {
		return run, false
	}
	run, ok = c.runs[dir]
	return run, ok && !run.losses.rows
}

func (c *Cache) put(dir string, run cached) {
	if c == nil {
		return
	}
	if c.runs == nil {
		c.runs = map[string]cached{}
	}
	c.runs[dir] = run
}

// reader reads the runs of all groups.
type reader struct {
	options CompareOptions
	runs    int                 // of all groups
	read    int                 // runs that are done
	losses  [][]*scored         // by group, then by run
	answers [][]*metrics.Scored // the same; none where the corpus is no task
}

// readGroup computes the losses and the answers of all runs of a group.
func (r *reader) readGroup(ctx context.Context, g *Group) error {
	var all []*scored
	var answers []*metrics.Scored
	for i, dir := range g.Runs {
		s, err := open(dir, r.options.Last, r.options.Precision)
		if err != nil {
			return err
		}
		if err := g.add(s); err != nil {
			return err
		}
		run, known := r.options.Cache.get(dir)
		var a *metrics.Scored
		if !known {
			if run, a, err = r.readRun(ctx, s, dir); err != nil {
				return fmt.Errorf("%s: %w", dir, err)
			}
			r.options.Cache.put(dir, run)
		}
		if i == 0 {
			g.Cost = run.cost
		}
		all = append(all, run.losses)
		if a != nil {
			answers = append(answers, a)
		}
		r.read++
	}
	r.losses, r.answers = append(r.losses, all), append(r.answers, answers)
	return nil
}

// open opens a run, and sets the precision of products: empty is that of its training.
func open(dir string, last bool, precision string) (*training.Saved, error) {
	s, err := training.Open(dir, last)
	if err != nil {
		return nil, err
	}
	if s.Config.Data.Name == "" {
		return nil, fmt.Errorf("%s: %w", dir, evaluation.ErrNoCorpus)
	}
	settings := s.Config.Training
	settings.Precision = cmp.Or(precision, settings.Precision)
	return s, settings.UsePrecision()
}

// readRun computes the losses and the answers of a run, and what training costs.
func (r *reader) readRun(ctx context.Context, s *training.Saved, dir string) (run cached, answers *metrics.Scored, err error) {
	corpus, err := s.OpenCorpus(data.Options{Log: r.options.Log})
	if err != nil {
		return run, nil, err
	}
	defer corpus.Close()
	if run.cost, err = s.Cost(corpus); err != nil {
		return run, nil, err
	}
	part := 0 // percent done of the run: half of it is the losses, half the answers
	progress := func(done, total int) {
		if r.options.Progress != nil {
			r.options.Progress(100*r.read+part+50*done/max(1, total), 100*r.runs, dir)
		}
	}
	run.losses, err = losses(ctx, s, corpus, cmp.Or(r.options.Part, "valid"), progress)
	if err != nil || !run.losses.rows || r.options.Examples < 0 {
		return run, nil, err
	}
	part = 50
	o := evaluation.Options{Part: cmp.Or(r.options.Part, "valid"), Examples: cmp.Or(r.options.Examples, 200), Settings: r.options.Settings, Progress: progress}
	if o.Settings.Tokens == 0 {
		o.Settings.Tokens = 128
	}
	s.Weights.Hold()
	defer s.Weights.Release()
	hyps, refs, _, err := evaluation.Answer(ctx, s, corpus, o)
	if err != nil {
		return run, nil, err
	}
	tokenize, _ := evaluation.TokenizerFor(refs)
	answers, err = metrics.NewScored(hyps, refs, tokenize)
	return run, answers, err
}
