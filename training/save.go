package training

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"maps"
	"path/filepath"

	"github.com/BurntSushi/toml"

	"euryale/internal/ranks"
	"euryale/models"
	"euryale/training/rundir"
)

// progress is what a run continues from, beside its tensors and counts. A checkpoint has it
// as TOML, which holds every float64 to the bit, infinities and NaN too.
type progress struct {
	Pending  *Step // whose evaluation was not made yet
	Interval interval
	Spikes   *spikes
	BestLoss *float64 // of the best weights, if training.best_by is a measure of answers
	Worse    int      `toml:",omitempty"`
	Flat     int      `toml:",omitempty"`
	Cuts     int      `toml:",omitempty"`
}

// Save writes the weights, and the state that Resume reads. All ranks must call it: rank 0
// receives what the others have of the state, and writes.
func (r *Run) Save() error {
	if r.Dir == "" {
		return nil
	}
	if p, ok := r.Config.Model.(models.Predictor); ok { // that is all there is
		if !r.writes() {
			return nil
		}
		return p.Save(filepath.Join(r.Dir, rundir.Weights))
	}
	carried, err := r.gatherCarried()
	if err != nil {
		return err
	}
	if err := r.averaged(r.saveLast); err != nil {
		return err
	}
	if !r.writes() {
		return r.updater.sendState()
	}
	c := rundir.Checkpoint{Model: r.Config.ModelName, Seed: r.Config.Training.Seed, Step: r.step, Tokens: r.tokens, Elapsed: r.elapsed(),
		Best: r.best, Progress: string(marshal(r.progress())), Weights: r.Weights, Carried: carried}
	if r.updater.isDivided() {
		c.Late = r.updater.gatherState()
	} else {
		c.Optimizer = r.updater.State()
	}
	return c.Save(r.Dir)
}

// gatherCarried returns the carried states of all shards on rank 0.
func (r *Run) gatherCarried() (map[int]map[string][]float32, error) {
	states := r.replicas.states()
	if r.isAlone() || r.Config.Training.BPTT != "carry" {
		return states, nil
	}
	var mine bytes.Buffer
	if err := gob.NewEncoder(&mine).Encode(states); err != nil {
		return nil, err
	}
	all, err := ranks.Gather(r.group(), mine.Bytes())
	if err != nil {
		return nil, err
	}
	for _, raw := range all {
		var of map[int]map[string][]float32
		if err := gob.NewDecoder(bytes.NewReader(raw)).Decode(&of); err != nil {
			return nil, err
		}
		maps.Copy(states, of)
	}
	return states, nil
}

// saveLast saves the weights, also by their step where training.keep says so.
func (r *Run) saveLast() error {
	if err := r.saveWeights(rundir.Weights); err != nil || r.Config.Training.Keep == 0 || !r.writes() {
		return err
	}
	if err := r.saveWeights(rundir.WeightsAt(r.step)); err != nil {
		return err
	}
	return rundir.RemoveOld(r.Dir, r.Config.Training.Keep)
}

func (r *Run) saveWeights(name string) error {
	if !r.writes() {
		return nil
	}
	return rundir.SaveWeights(filepath.Join(r.Dir, name), r.Weights, r.Config.ModelName)
}

// restoreProgress sets what Save wrote as progress.
func (r *Run) restoreProgress(text string) error {
	var p progress
	if _, err := toml.Decode(text, &p); err != nil {
		return fmt.Errorf("%s: its progress cannot be read: %w", filepath.Join(r.Dir, rundir.State), err)
	}
	r.pending, r.interval, r.spikes = p.Pending, p.Interval, spikes{}
	r.worse, r.flat, r.cuts = p.Worse, p.Flat, p.Cuts
	if p.BestLoss != nil {
		r.bestLoss = *p.BestLoss
	}
	if p.Spikes != nil {
		r.spikes = *p.Spikes
	}
	return nil
}

func (r *Run) progress() progress {
	p := progress{Pending: r.pending, Interval: r.interval, Worse: r.worse, Flat: r.flat, Cuts: r.cuts}
	if r.Config.Training.BestBy != byLoss {
		p.BestLoss = &r.bestLoss
	}
	if len(r.spikes.Losses) > 0 || r.spikes.Skips > 0 {
		p.Spikes = &r.spikes
	}
	return p
}
