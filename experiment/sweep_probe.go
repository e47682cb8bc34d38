package experiment

import (
	"context"
	"fmt"
	"sync"
	"time"

	"euryale/internal/kernel/parallel"
	"euryale/models"
	"euryale/training"
)

// probeTime is how long each of the two arrangements is measured.
var probeTime = 700 * time.Millisecond

// sideBySide decides how many runs train at once, and says why. It trains a run of the first
// configuration without files: with all threads, then as many runs at once as there are threads,
// with one thread each. Runs of different precisions train one after another, because the
// precision is that of the whole process.
func (s *sweep) sideBySide(ctx context.Context, runs []*SweepRun, threads int) (n int, why string, err error) {
	n = min(threads, len(runs))
	switch {
	case n < 2:
		return 1, "one after another", nil
	case differentPrecisions(runs):
		return 1, "one after another, because their precisions differ", nil
	}
	var first *SweepRun
	for _, r := range runs {
		if _, isPredictor := r.config.Model.(models.Predictor); !isPredictor {
			first = r
			break
		}
	}
	if first == nil {
		return n, fmt.Sprintf("%d side by side", n), nil
	}
	start, err := s.options.start()
	if err != nil {
		return 0, "", err
	}
	probes := make([]*training.Run, n)
	for i := range probes {
		c, err := start.Parse(first.file, first.sets)
		if err != nil {
			return 0, "", err
		}
		if probes[i], err = start.New(c, "", s.options.Log); err != nil {
			return 0, "", fmt.Errorf("%s: %w", first.Name, err)
		}
		defer probes[i].Close()
	}
	alone, err := stepRate(ctx, probes[:1])
	if err != nil {
		return 0, "", err
	}
	parallel.SetThreads(1)
	together, err := stepRate(ctx, probes)
	parallel.SetThreads(threads)
	if err != nil {
		return 0, "", err
	}
	ratio := together / alone
	if ratio <= 1 {
		return 1, fmt.Sprintf("one after another with %d threads: measured, %d side by side make %.2f times their steps", threads, n, ratio), nil
	}
	return n, fmt.Sprintf("%d side by side with one thread each: measured, they make %.2f times the steps of one after another", n, ratio), nil
}

func differentPrecisions(runs []*SweepRun) bool {
	for _, r := range runs {
		if r.config.Training.Precision != runs[0].config.Training.Precision {
			return true
		}
	}
	return false
}

// stepRate returns the updates per second of runs that train at once.
func stepRate(ctx context.Context, runs []*training.Run) (rate float64, err error) {
	rates, errs := make([]float64, len(runs)), make([]error, len(runs))
	var group sync.WaitGroup
	for i, r := range runs {
		group.Go(func() {
			if _, errs[i] = r.Update(); errs[i] != nil { // compiles, and fills the caches
				return
			}
			began, n := time.Now(), 0
			for time.Since(began) < probeTime && errs[i] == nil && ctx.Err() == nil {
				_, errs[i] = r.Update()
				n++
			}
			rates[i] = float64(n) / time.Since(began).Seconds()
		})
	}
	group.Wait()
	for i := range runs {
		if errs[i] != nil {
			return 0, errs[i]
		}
		rate += rates[i]
	}
	return rate, nil
}
