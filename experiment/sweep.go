package experiment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"euryale/internal/kernel/parallel"
	"euryale/internal/ranks"
	"euryale/training"
	"euryale/training/rundir"
)

// SweepOptions say which runs a sweep trains.
type SweepOptions struct {
	Dir       string   // of the sweep; each run has a directory in it
	Config    string   // file of the configuration; may be empty
	Sets      []string // section.key=value, for all runs
	Vary      []string // section.key=A,B: the sweep trains the product of the lists; "config" stands for Config
	Seeds     int      // runs of each point, with seeds from training.seed on; 0: one
	Init      string   // what all runs begin with, as in training.OpenStart; may be empty
	Tokenizer string   // of Init
	Log       io.Writer
	Message   func(text string)                      // called when a run ends; may be nil
	Progress  func(done, total int, run string)      // may be nil
	Saving    func(ctx context.Context) (end func()) // called while runs have something to save; may be nil
	Ranks     ranks.Group                            // that train runs at the same time, each whole runs; nil: this process alone
}

// Point is a combination of values, trained with each seed.
type Point struct {
	Name   string // such as "lr=1e-3,dim=64"
	Keys   []string
	Values []string
	Runs   []*SweepRun
}

// SweepRun is a run of a sweep.
type SweepRun struct {
	Name string // of its directory
	Dir  string
	Result

	file   string
	sets   []string
	config training.Config
}

// Swept are the points of a sweep, the best first.
type Swept struct {
	Dir    string
	Points []*Point
	Unit   string      // of the losses
	Note   string      // why the losses cannot be compared; empty: they can
	Best   *Comparison // of the two best points; nil if there is one point, or Note says why
	curves []curve
}

// ErrInterrupted is the error of a sweep that was stopped, and whose runs are saved.
var ErrInterrupted = errors.New("interrupted: the runs are saved")

// CheckSweep returns what is wrong with the options before anything is trained.
func CheckSweep(o SweepOptions) error {
	_, err := o.points()
	return err
}

// Sweep trains the runs of a sweep that are not finished yet, and compares them. Runs train side
// by side with one thread each if a short measurement finds that faster. A sweep that was stopped
// goes on where it was if it is called with the same options: runs that are finished are kept, one
// that was stopped resumes from its last save. When ctx ends, all runs save and the error is
// ErrInterrupted. A run that fails does not stop the others; its error is part of Sweep's, and the
// result has the others. Among ranks, which share the directory, rank 0 alone has a result.
func Sweep(ctx context.Context, o SweepOptions) (*Swept, error) {
	if o.Dir == "" {
		return nil, errors.New("a sweep needs a directory for its runs")
	}
	if o.Ranks == nil {
		o.Ranks = ranks.Alone{}
	}
	points, err := o.points()
	if err = ranks.Agree(o.Ranks, err); err != nil {
		return nil, err
	}
	var hold *rundir.Hold
	if o.Ranks.Rank() == 0 {
		if hold, err = rundir.Take(o.Dir); rundir.IsTaken(err) {
			err = fmt.Errorf("%w: wait, or choose another directory", err)
		}
	}
	if err = ranks.Agree(o.Ranks, err); err != nil {
		return nil, err
	}
	s := &sweep{options: o, points: points, percent: map[*SweepRun]int{}}
	if err := s.openTogether(); err != nil {
		return nil, errors.Join(err, hold.Abandon())
	}
	err = s.train(ctx)
	if err == nil && ctx.Err() != nil {
		err = ErrInterrupted
	}
	if errors.Is(err, ErrInterrupted) {
		return nil, errors.Join(err, hold.Release())
	}
	swept, failed := s.resultOnFirst(ctx)
	return swept, errors.Join(err, failed, hold.Release())
}

// sweep is a sweep that is being trained.
type sweep struct {
	options SweepOptions
	points  []*Point
	record  *record    // on rank 0
	opening sync.Mutex // held while a corpus is opened, which may write its cache

	mu      sync.Mutex
	percent map[*SweepRun]int
	others  int // percents of the runs of other ranks
	active  int // runs that have something to save
	saved   func()
}

// pending returns the runs to train: all points with the first seed, then with the next.
func (s *sweep) pending() (runs []*SweepRun) {
	for i := range s.points[0].Runs {
		for _, p := range s.points {
			if !p.Runs[i].Done {
				runs = append(runs, p.Runs[i])
			}
		}
	}
	return runs
}

// train trains all runs that are not finished.
func (s *sweep) train(ctx context.Context) error {
	runs := s.pending()
	if len(runs) == 0 {
		return nil
	}
	threads := parallel.Threads()
	defer parallel.SetThreads(threads)
	var side int
	var why string
	err := ranks.Together(ctx, s.options.Ranks, func(ctx context.Context) (err error) {
		side, why, err = s.sideBySide(ctx, runs, threads)
		return err
	})
	if errors.Is(err, context.Canceled) {
		return ErrInterrupted
	}
	if err != nil {
		return err
	}
	if n := s.options.Ranks.Size(); n > 1 {
		why = fmt.Sprintf("on %d ranks; on rank 0 %s", n, why)
	}
	s.tell(fmt.Sprintf("%d runs to train, %s", len(runs), why))
	if side > 1 {
		parallel.SetThreads(1)
	}
	if err = s.share(ctx, runs, side); errors.Is(err, context.Canceled) {
		return ErrInterrupted
	}
	return err
}

func (s *sweep) tell(text string) {
	if s.options.Message != nil {
		s.options.Message(text)
	}
}

// result sorts the points, and compares the two best.
func (s *sweep) result(ctx context.Context) (*Swept, error) {
	w := &Swept{Dir: s.options.Dir, Unit: "nats a token", Points: slices.Clone(s.points)}
	var groups []*Group
	tokens, texts := map[string]bool{}, map[string]bool{}
	for _, p := range w.Points {
		if g := p.group(); g != nil {
			groups = append(groups, g)
		}
		for _, r := range p.Runs {
			if r.Done {
				tokens[r.Tokens], texts[r.Text] = true, true
			}
		}
	}
	switch {
	case len(texts) > 1:
		w.Note = "the runs are measured on different texts: their losses cannot be compared"
	case len(tokens) > 1:
		w.Unit = "bits a byte"
	}
	slices.SortStableFunc(w.Points, func(a, b *Point) int {
		x, _ := a.Loss(w.Unit)
		y, _ := b.Loss(w.Unit)
		switch {
		case x < y || math.IsNaN(y) && !math.IsNaN(x):
			return -1
		case x > y || math.IsNaN(x) && !math.IsNaN(y):
			return 1
		}
		return 0
	})
	var err error
	if w.curves, err = readCurves(groups); err != nil {
		return w, err
	}
	if len(groups) < 2 || w.Note != "" {
		return w, nil
	}
	best := []*Group{w.Points[0].group(), w.Points[1].group()}
	best[0].Label, best[1].Label = "A", "B"
	w.Best, err = compareGroups(ctx, best, CompareOptions{Examples: -1})
	return w, err
}

// group returns the finished runs of a point; nil if there are none.
func (p *Point) group() *Group {
	g := &Group{Name: p.Name}
	for _, r := range p.Runs {
		if r.Done {
			g.Runs = append(g.Runs, r.Dir)
		}
	}
	if len(g.Runs) == 0 {
		return nil
	}
	return g
}

// Loss returns the mean validation loss of the point's finished runs in a unit, and its standard
// deviation over the seeds. Both are NaN where there are too few.
func (p *Point) Loss(unit string) (mean, sd float64) {
	g := &Group{}
	for _, r := range p.Runs {
		switch {
		case !r.Done:
		case unit == "bits a byte":
			g.Losses = append(g.Losses, r.BitsPerByte)
		default:
			g.Losses = append(g.Losses, r.Loss)
		}
	}
	return g.Loss()
}
