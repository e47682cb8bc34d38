package training

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"euryale/training/rundir"
)

// Limits of the sentinel of outliers.
const (
	leastWindow = 20   // updates before it judges
	leastSpread = 0.01 // of the mean, which the standard deviation counts as at least
	mostInRow   = 10   // updates without a finite loss that are skipped one after another
	mostTries   = 5    // to get past an update without a finite loss by going back
)

var spikeModes = []string{"off", "warn", "skip", "back"}

func (t Settings) checkSpike() error {
	switch {
	case !slices.Contains(spikeModes, t.Spike):
		return fmt.Errorf("training.spike is %q: want %s", t.Spike, strings.Join(spikeModes, ", "))
	case !(t.SpikeZ > 0) || t.SpikeWindow < leastWindow:
		return fmt.Errorf("training.spike_z = %v and spike_window = %d, want more than 0, and at least %d", t.SpikeZ, t.SpikeWindow, leastWindow)
	}
	return nil
}

// Outliers counts the outliers of loss or gradient norm that training.spike found.
type Outliers struct {
	Count   int
	Skipped int     // updates that were left out
	Back    int     // times that the run went back to its last save
	Z       float64 // highest z-score
}

// addTo adds the counts to the values of a report, if there are any.
func (o Outliers) addTo(values map[string]float64) {
	if o.Count == 0 {
		return
	}
	values["spikes"], values["spike_z"] = float64(o.Count), o.Z
	if o.Skipped > 0 {
		values["spikes_skipped"] = float64(o.Skipped)
	}
	if o.Back > 0 {
		values["spikes_back"] = float64(o.Back)
	}
}

// spikes is the state of the sentinel that compares each update's loss and gradient norm with
// those of the updates before it.
type spikes struct {
	Losses, Norms []float64 // of the last updates, the oldest first
	Found         Outliers  // since the last report
	Skips         int       // updates skipped since the run began
	InRow         int       // updates without a finite loss skipped one after another
	Halved        int       // times that the learning rate was halved
	Passed        int       // the latest update that the run went back from
	Tries         int       // to get past it
}

// score returns the larger z-score of an update's loss and gradient norm, and what it is of.
// Numbers that are not finite have an infinite one.
func (w *spikes) score(s Step) (z float64, what string) {
	z, what = deviation(s.Loss, w.Losses), fmt.Sprintf("the loss of %.4g", s.Loss)
	if norm := deviation(s.GradNorm, w.Norms); norm > z {
		z, what = norm, fmt.Sprintf("the gradients' norm of %.4g", s.GradNorm)
	}
	return z, what
}

// deviation returns how many standard deviations x lies above the mean of earlier values, or 0
// if there are too few.
func deviation(x float64, earlier []float64) float64 {
	if !isFinite(x) {
		return math.Inf(1)
	}
	if len(earlier) < leastWindow {
		return 0
	}
	mean, square, n := 0.0, 0.0, float64(len(earlier))
	for _, v := range earlier {
		mean += v / n
	}
	for _, v := range earlier {
		square += (v - mean) * (v - mean) / n
	}
	return (x - mean) / max(math.Sqrt(square), leastSpread*math.Abs(mean), math.SmallestNonzeroFloat64)
}

// add adds an update to the window. Outliers are added too: where the loss has come to stay,
// it is an outlier for a few updates only.
func (w *spikes) add(s Step, window int) {
	for _, list := range []struct {
		values *[]float64
		x      float64
	}{{&w.Losses, s.Loss}, {&w.Norms, s.GradNorm}} {
		v := append(*list.values, list.x)
		if len(v) > window {
			v = slices.Delete(v, 0, len(v)-window)
		}
		*list.values = v
	}
}

// errBack says that the run is to go back to its last save.
var errBack = errors.New("back")

// guard decides about an update whose loss and gradients are known: it returns nil to make it,
// and errBack to go back. It sets s.Skipped if nothing is to be updated. A loss or norm that is
// not finite is an error that names the layer, where the sentinel is off or cannot help.
func (r *Run) guard(s *Step) error {
	c, w := r.Config.Training, &r.spikes
	finite := isFinite(s.Loss) && isFinite(s.GradNorm)
	if c.Spike == "off" || !finite && c.Spike == "warn" {
		if finite {
			return nil
		}
		return r.diverged(*s)
	}
	z, what := w.score(*s)
	if finite {
		w.InRow = 0
		w.add(*s, c.SpikeWindow)
	}
	if z < c.SpikeZ {
		return nil
	}
	s.Spike = z
	w.Found.Count++
	w.Found.Z = max(w.Found.Z, z)
	did := "which is only noted"
	switch {
	case c.Spike == "skip" && !finite && w.InRow == mostInRow, c.Spike == "back" && !finite && s.N <= w.Passed && w.Tries == mostTries:
		return r.diverged(*s)
	case c.Spike == "skip":
		if !finite {
			w.InRow++
		}
		s.Skipped, did = true, "the update is skipped"
		w.Found.Skipped++
		w.Skips++
	case c.Spike == "back" && (s.N > w.Passed || !finite):
		return errBack
	case c.Spike == "back":
		did = "which the run has gone back from before: it goes on"
	}
	r.message(fmt.Sprintf("step %d: %s is an outlier (z = %.1f): %s", s.N, what, z, did))
	return nil
}

// goBack sets the run to its last save, with half the learning rate from then on. What it
// knows of outliers stays, but for the window.
func (r *Run) goBack(from Step) error {
	c, err := rundir.LoadCheckpoint(r.Dir, r.Weights.All())
	if err != nil {
		return err
	}
	for _, p := range r.Weights.All() {
		copy(p.Float32(), c.Weights.Get(p.Path).Float32())
	}
	now := r.spikes
	if err := r.restoreProgress(c.Progress); err != nil {
		return err
	}
	r.updater.Discard()
	if err := errors.Join(r.restoreOptimizer(c), r.replicas.setStates(c.Carried)); err != nil {
		return err
	}
	r.step, r.tokens, r.best = c.Step, c.Tokens, c.Best
	if from.N > now.Passed {
		now.Passed, now.Tries = from.N, 0
	}
	now.Tries++
	now.Halved++
	now.Found.Back++
	now.Losses, now.Norms, now.Skips = r.spikes.Losses, r.spikes.Norms, r.spikes.Skips
	r.spikes = now
	r.message(fmt.Sprintf("step %d: an outlier (loss %.4g, gradients' norm %.4g, z = %.1f): back to step %d, with the learning rate × %v",
		from.N, from.Loss, from.GradNorm, from.Spike, r.step, math.Ldexp(1, -now.Halved)))
	if !r.writes() {
		return nil
	}
	return errors.Join(r.log.Close(), r.openLog())
}

// message passes a line to the watcher.
func (r *Run) message(text string) {
	if r.Watch.Message != nil {
		r.Watch.Message(text)
	}
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
