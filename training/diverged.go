package training

import (
	"fmt"
	"path/filepath"

	"euryale/data"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training/rundir"
)

// diverged runs the batches of an update again, whose loss or gradients are not finite, and
// returns the error that names the first layer whose value is not. It writes the batch and the
// weights to the run's directory.
func (r *Run) diverged(s Step) error {
	err := fmt.Errorf("the loss is %v and the gradients' norm is %v", s.Loss, s.GradNorm)
	i, fault, cause := r.findFault(s.Targets)
	switch {
	case cause != nil:
		err = fmt.Errorf("%w; the layer was not found: %w", err, cause)
	case fault == nil:
		err = fmt.Errorf("%w, though each gradient is finite: lower optimizer.lr", err)
	default:
		err = fmt.Errorf("%w: %v", err, fault)
	}
	if r.Dir == "" {
		return err
	}
	batch, weights := filepath.Join(r.Dir, rundir.FailedBatch), filepath.Join(r.Dir, rundir.FailedWeights)
	b := SavedBatch{Batch: r.update[i], Step: s.N, Noise: uint64(r.step*len(r.update) + i)}
	if failed := WriteBatch(batch, &b); failed != nil {
		return fmt.Errorf("%w; the batch was not saved: %w", err, failed)
	}
	if failed := r.saveWeights(rundir.FailedWeights); failed != nil {
		return fmt.Errorf("%w; its batch is %s; the weights were not saved: %w", err, batch, failed)
	}
	return fmt.Errorf("%w; repeat it with train -check -init %s -batch %s", err, weights, batch)
}

// findFault returns the index of the first batch of the update that has a loss or gradient that
// is not finite, and the first such value of its run.
func (r *Run) findFault(targets int) (batch int, fault *models.Fault, err error) {
	r.Weights.Hold()
	defer r.Weights.Release()
	if err := r.replicas.setStates(r.replicas.before); err != nil {
		return 0, nil, err
	}
	for i := range r.update {
		states := r.replicas.states()
		rep, _, err := r.runBatch(i, targets)
		if err != nil && !models.IsNotFinite(err) {
			return i, nil, err
		}
		for k := range rep.shards {
			if rep.isFinite(k) {
				continue
			}
			fault, err := r.replicas.findFault(rep.shards[k], &r.update[i], targets, states[k])
			return i, fault, err
		}
	}
	return 0, nil, nil
}

// isFinite reports whether the last run of a shard had a finite loss and finite gradients.
func (p *replica) isFinite(shard int) bool {
	if p.errs[shard] != nil || !isFinite(p.losses[shard]) {
		return false
	}
	for _, g := range p.shards[shard].Gradients() {
		for _, x := range g.Float32s() {
			if !isFinite(float64(x)) {
				return false
			}
		}
	}
	return true
}

// findFault runs a shard's part of a batch again, from the given states, and returns the first
// value that is not finite.
func (r *replicas) findFault(s shard, b *data.Batch, targets int, states map[string][]float32) (*models.Fault, error) {
	f := s.Frame()
	o := models.Options{Smoothing: r.settings.Smoothing}
	if f.Memory != nil {
		f.Memory = graph.NewMemory(s.to-s.from, 0)
		if _, err := models.Train(r.model, r.weights, f, o); err != nil { // declares the states
			return nil, err
		}
		if err := f.Memory.Restore(states); err != nil {
			return nil, err
		}
	}
	feed := s.feedOf(b, f.Memory)
	feed.Total = targets
	return models.FindFault(r.model, r.weights, f, o, feed, func(bytes float64) error {
		return checkMemory("to look at all layers", r.state+bytes, "it takes a machine with more")
	})
}
