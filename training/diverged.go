package training

import (
	"bytes"
	"fmt"
	"path/filepath"

	"euryale/data"
	"euryale/internal/ranks"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training/rundir"
)

// diverged runs the batches of an update again, whose loss or gradients are not finite, and
// returns the error that names the first layer whose value is not. It writes the batch and the
// weights to the run's directory. All ranks have the same error.
func (r *Run) diverged(s Step) error {
	err := fmt.Errorf("the loss is %v and the gradients' norm is %v", s.Loss, s.GradNorm)
	i, fault, failed := r.findFault(s.Targets)
	if failed != nil {
		return failed
	}
	err = fmt.Errorf("%w%s", err, fault)
	if r.writes() {
		err = r.saveFailed(err, i, s.N)
	}
	return ranks.Agree(r.group(), err)
}

// saveFailed writes batch i of an update and the weights, and returns err with what to do next.
func (r *Run) saveFailed(err error, i, step int) error {
	batch, weights := filepath.Join(r.Dir, rundir.FailedBatch), filepath.Join(r.Dir, rundir.FailedWeights)
	n := r.step*len(r.update) + i
	b := SavedBatch{Batch: r.update[i], Step: step, Noise: uint64(n)}
	if !r.isAlone() { // it has this rank's sequences
		b.From, b.To = 0, 0
		if failed := r.batches.Batch(n, &b.Batch); failed != nil {
			return fmt.Errorf("%w; the batch was not saved: %w", err, failed)
		}
	}
	if failed := WriteBatch(batch, &b); failed != nil {
		return fmt.Errorf("%w; the batch was not saved: %w", err, failed)
	}
	if failed := r.saveWeights(rundir.FailedWeights); failed != nil {
		return fmt.Errorf("%w; its batch is %s; the weights were not saved: %w", err, batch, failed)
	}
	return fmt.Errorf("%w; repeat it with train -check -init %s -batch %s", err, weights, batch)
}

// findFault returns the index of the first batch of the update that has a loss or gradient that
// is not finite, and what the first such value of its run is, to go on a sentence with. Among
// ranks, that which has the shard looks for the value.
func (r *Run) findFault(targets int) (batch int, fault string, err error) {
	r.Weights.Hold()
	defer r.Weights.Release()
	if err := r.replicas.setStates(r.replicas.before); err != nil {
		return 0, "", err
	}
	for i := range r.update {
		r.replicas.noise.Step = uint64(r.step*len(r.update) + i)
		states := r.replicas.states()
		rep, err := r.replicas.of(&r.update[i])
		if err != nil {
			return 0, "", err
		}
		if rep.sum != nil {
			rep.sum.watched = true
		}
		rep.runShards(&r.update[i], targets, r.Config.Training.Workers)
		first := []int64{int64(rep.firstFault())}
		if err := ranks.AllReduce(r.group(), first, ranks.Min); err != nil {
			return 0, "", err
		}
		shard := int(first[0])
		if shard == rep.total {
			continue
		}
		if shard >= rep.first && shard < rep.first+len(rep.shards) {
			fault = r.describeFault(rep, shard, i, targets, states[shard])
		}
		fault, err = r.announce(fault)
		return i, fault, err
	}
	return 0, unexplained, nil
}

// unexplained is what is said of gradients whose norm alone is not finite.
const unexplained = ", though each gradient is finite: lower optimizer.lr"

// firstFault returns the first of this rank's shards that failed or is not finite, or the number
// of shards.
func (p *replica) firstFault() int {
	for i := range p.shards {
		if !p.isFinite(i) {
			return p.first + i
		}
	}
	return p.total
}

// describeFault returns the first value that is not finite in a run of a shard.
func (r *Run) describeFault(rep *replica, shard, batch, targets int, states map[string][]float32) string {
	err := rep.errs[shard]
	var fault *models.Fault
	if err == nil || models.IsNotFinite(err) {
		fault, err = r.replicas.findFault(rep.shards[shard-rep.first], &r.update[batch], targets, states)
	}
	switch {
	case err != nil:
		return fmt.Sprintf("; the layer was not found: %v", err)
	case fault == nil:
		return unexplained
	}
	return fmt.Sprintf(": %v", fault)
}

// announce returns the text of the one rank that passes any.
func (r *Run) announce(text string) (string, error) {
	if r.isAlone() {
		return text, nil
	}
	all, err := ranks.Gather(r.group(), []byte(text))
	return string(bytes.Join(all, nil)), err
}

// isFinite reports whether the last run of one of this rank's shards had a finite loss and finite gradients.
func (p *replica) isFinite(shard int) bool {
	if p.errs[p.first+shard] != nil || !isFinite(p.losses[p.first+shard]) {
		return false
	}
	if p.sum != nil {
		return p.sum.finite[shard]
	}
	for _, g := range p.shards[shard].Gradients() {
		if !allFinite(g.Float32s()) {
			return false
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
