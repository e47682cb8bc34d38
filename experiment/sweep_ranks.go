package experiment

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"euryale/internal/ranks"
	"euryale/models"
	"euryale/training"
)

// openTogether opens the record on rank 0 and tells all ranks what is done already, once it is certain
// that they have the same sweep in a directory that they share.
func (s *sweep) openTogether() error {
	g := s.options.Ranks
	traits := ranks.ProgramTraits()
	for _, p := range s.points {
		for _, r := range p.Runs {
			traits = append(traits, ranks.Trait{Name: "the configuration of " + r.Name, Value: r.config.String()})
		}
	}
	err := ranks.CheckSame(g, traits)
	if err == nil {
		err = checkShared(g, s.options.Dir)
	}
	if err != nil {
		return err
	}
	var results []byte
	if g.Rank() == 0 {
		if s.record, err = openRecord(s.options, s.points); err == nil {
			results, err = json.Marshal(s.results())
		}
	}
	if err = ranks.Agree(g, err); err != nil {
		return err
	}
	all, err := ranks.Gather(g, results)
	if err != nil {
		return err
	}
	if err := s.setResults(all[0]); err != nil {
		return err
	}
	return s.prepare()
}

// results lists those of all runs.
func (s *sweep) results() (all []Result) {
	for _, p := range s.points {
		for _, r := range p.Runs {
			all = append(all, r.Result)
		}
	}
	return all
}

// setResults sets the results of all runs.
func (s *sweep) setResults(text []byte) error {
	var all []Result
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("the results of rank 0: %w", err)
	}
	for _, p := range s.points {
		for i := range p.Runs {
			p.Runs[i].Result, all = all[0], all[1:]
		}
	}
	return nil
}

// checkShared returns an error if the ranks do not share dir, or one of them cannot write there.
func checkShared(g ranks.Group, dir string) error {
	if g.Size() == 1 {
		return nil
	}
	job := make([]byte, 8)
	if g.Rank() == 0 {
		rand.Read(job)
	}
	if err := g.Broadcast(job, 0); err != nil {
		return err
	}
	name := func(rank int) string { return filepath.Join(dir, fmt.Sprintf(".rank-%x-%d", job, rank)) }
	err := os.WriteFile(name(g.Rank()), nil, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		err = notShared(dir)
	}
	if err == nil {
		defer os.Remove(name(g.Rank()))
	}
	if err = ranks.Agree(g, err); err != nil {
		return err
	}
	if _, found := os.Stat(name(0)); found != nil {
		err = notShared(dir)
	}
	return ranks.Agree(g, err)
}

func notShared(dir string) error {
	return fmt.Errorf("%s is not the directory that rank 0 has made: the ranks of a sweep need a file system that all share, or one rank", dir)
}

// prepare prepares the corpora of the runs: one rank of each file system does so, while the others wait.
func (s *sweep) prepare() error {
	if s.options.Ranks.Size() == 1 {
		return nil
	}
	prepared := map[string]bool{}
	for _, r := range s.pending() {
		key := fmt.Sprintf("%+v %+v %d", r.config.Data, r.config.Tokenizer, models.SourceOf(r.config.Model))
		if prepared[key] {
			continue
		}
		prepared[key] = true
		start, c, err := s.begins(r)
		if err = ranks.Agree(s.options.Ranks, err); err != nil {
			return err
		}
		start.Ranks = s.options.Ranks
		if err := start.Prepare(c, s.options.Log); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return nil
}

// begins returns what a run begins with, and its configuration.
func (s *sweep) begins(r *SweepRun) (*training.Start, training.Config, error) {
	start, err := s.options.start()
	if err != nil {
		return nil, training.Config{}, err
	}
	c, err := start.Parse(r.file, r.sets)
	return start, c, err
}

// share has the ranks train runs, so many at once on this one, and returns the errors of all.
func (s *sweep) share(ctx context.Context, runs []*SweepRun, side int) error {
	var failed []error
	if s.options.Ranks.Size() > 1 { // this rank waits for the others to save
		s.begin(ctx)
		defer s.end()
	}
	err := ranks.Share(ctx, s.options.Ranks, ranks.Work{Items: len(runs), Side: side,
		Do: func(ctx context.Context, i int) []byte { return s.one(ctx, runs[i]) },
		Done: func(i int, result []byte) error {
			err, broken := s.finish(runs[i], result)
			if err != nil {
				failed = append(failed, err)
			}
			return broken
		},
		Status: s.status,
		Watch:  s.watch,
	})
	return errors.Join(append(failed, err)...)
}

// outcome is what all ranks learn of a run: its result, or why it has none; neither, if it was
// interrupted.
type outcome struct {
	Result Result
	Failed string
}

// one trains a run and measures it.
func (s *sweep) one(ctx context.Context, r *SweepRun) []byte {
	var o outcome
	err := s.trainRun(ctx, r)
	if err == nil {
		o.Result, err = s.measure(ctx, r)
	}
	switch {
	case ctx.Err() != nil:
		o = outcome{}
	case err != nil:
		o = outcome{Failed: err.Error()}
	}
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // a result has numbers and texts, and measure refuses numbers that are not finite
	}
	return text
}

// finish records a run that has ended. It returns the error of a run that has failed, and one that
// ends the sweep.
func (s *sweep) finish(r *SweepRun, result []byte) (failed, broken error) {
	var o outcome
	if err := json.Unmarshal(result, &o); err != nil {
		return nil, fmt.Errorf("%s: %w", r.Name, err)
	}
	switch {
	case o.Failed != "":
		failed = fmt.Errorf("%s: %s", r.Name, o.Failed)
		s.tell(failed.Error())
		return failed, nil
	case !o.Result.Done:
		return nil, nil
	}
	s.mu.Lock()
	r.Result = o.Result
	if s.record != nil {
		broken = s.record.save(s.points)
	}
	s.mu.Unlock()
	s.tell(fmt.Sprintf("%s: validation %.4f nats per token, %d steps in %.0f s", r.Name, r.Loss, r.Steps, r.Seconds))
	return nil, broken
}

// status is how far the runs are that this rank trains, in percent.
func (s *sweep) status() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := 0
	for r, percent := range s.percent {
		if !r.Done {
			sum += percent
		}
	}
	return strconv.Itoa(sum)
}

// watch keeps how far the runs of other ranks are.
func (s *sweep) watch(status []string) {
	sum := 0
	for r, text := range status {
		if percent, err := strconv.Atoi(text); err == nil && r != s.options.Ranks.Rank() {
			sum += percent
		}
	}
	s.mu.Lock()
	s.others = sum
	s.mu.Unlock()
}

// resultOnFirst returns the result on rank 0, while the others wait.
func (s *sweep) resultOnFirst(ctx context.Context) (swept *Swept, err error) {
	var work func(ctx context.Context) error
	if s.options.Ranks.Rank() == 0 {
		work = func(ctx context.Context) (err error) {
			swept, err = s.result(ctx)
			return err
		}
	}
	return swept, ranks.Together(ctx, s.options.Ranks, work)
}
