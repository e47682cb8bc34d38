package training

import (
	"context"
	"errors"
	"fmt"
	"time"

	"euryale/internal/ranks"
	"euryale/models"
)

// checkRanks refuses more ranks than a batch has shards.
func checkRanks(c Config, g ranks.Group) error {
	if _, isPredictor := c.Model.(models.Predictor); isPredictor {
		return nil // each rank reads all of the text
	}
	switch t, n := c.Training, g.Size(); {
	case n > t.Batch:
		return fmt.Errorf("%d ranks share the sequences of a batch, and there are %d: set training.batch and training.shards to a multiple of %d, or start at most %d ranks", n, t.Batch, n, t.Batch)
	case n > t.Shards:
		return fmt.Errorf("%d ranks share the shards of a batch, and there are %d: set training.shards to a multiple of %d (results depend on it), or start at most %d ranks", n, t.Shards, n, t.Shards)
	}
	return nil
}

// errNotFinite stands for the error of another rank's shard whose loss is not finite.
var errNotFinite = errors.New("the loss of another rank's shard is not finite")

// isNotFinite reports whether a shard's loss is not finite, on any rank.
func isNotFinite(err error) bool { return errors.Is(err, errNotFinite) || models.IsNotFinite(err) }

// Outcomes of a shard's run, as ranks exchange them.
const (
	ranWell float64 = iota
	ranToInfinity
	failedToRun
)

// share gives all ranks the losses of all shards. A shard that failed to run is an error of all
// ranks; one whose loss is not finite is in errs.
func (p *replica) share() error {
	width := 2 + len(p.shards[0].Losses())
	all, ends := make([]float64, p.total*width), ranks.Ends(p.total, p.group.Size())
	var failed error
	for i := p.first; i < p.first+len(p.shards); i++ {
		outcome := ranWell
		switch err := p.errs[i]; {
		case models.IsNotFinite(err):
			outcome = ranToInfinity
		case err != nil:
			outcome, failed = failedToRun, err
		}
		copy(all[i*width:], append([]float64{p.losses[i], outcome}, p.added[i]...))
	}
	for r := range ends {
		ends[r] *= width
	}
	if err := ranks.AllGather(p.group, all, ends); err != nil {
		return err
	}
	stop := false
	for i := range p.total {
		of := all[i*width : (i+1)*width]
		stop = stop || of[1] == failedToRun
		if i >= p.first && i < p.first+len(p.shards) {
			continue
		}
		p.losses[i], p.added[i], p.errs[i] = of[0], of[2:], nil
		if of[1] == ranToInfinity {
			p.errs[i] = errNotFinite
		}
	}
	if stop {
		return ranks.Agree(p.group, failed)
	}
	return nil
}

// group returns the ranks that train the run together.
func (r *Run) group() ranks.Group {
	if r.ranks == nil {
		return ranks.Alone{}
	}
	return r.ranks
}

// isAlone reports whether one process trains the run.
func (r *Run) isAlone() bool { return r.group().Size() == 1 }

// writes reports whether this rank writes the run's files.
func (r *Run) writes() bool { return r.Dir != "" && r.group().Rank() == 0 }

// sum returns the sum of n over the ranks.
func (r *Run) sum(n int) (int, error) {
	if r.isAlone() {
		return n, nil
	}
	all := []int64{int64(n)}
	err := ranks.AllReduce(r.group(), all, ranks.Sum)
	return int(all[0]), err
}

// decides returns what rank 0 passes.
func (r *Run) decides(yes bool) (bool, error) {
	if r.isAlone() {
		return yes, nil
	}
	b := []byte{0}
	if yes {
		b[0] = 1
	}
	err := r.group().Broadcast(b, 0)
	return b[0] == 1, err
}

// watchEnd sets the context that ends the run's work. Ranks must end it together, so theirs
// ends in consult, when that of any rank has.
func (r *Run) watchEnd(ctx context.Context) (stop func()) {
	r.ctx, r.asked = ctx, ctx
	if _, isPredictor := r.Config.Model.(models.Predictor); isPredictor || r.isAlone() {
		return func() { r.ctx = nil }
	}
	r.ctx, r.end = context.WithCancel(context.WithoutCancel(ctx))
	return func() {
		r.end()
		r.ctx = nil
	}
}

// consult has ranks agree on whether the work is to end, and on the time spent: that of rank 0.
func (r *Run) consult() error {
	if r.isAlone() {
		return nil
	}
	state := make([]int64, 3*r.group().Size())
	mine := state[3*r.group().Rank():]
	if r.asked != nil && r.asked.Err() != nil {
		mine[0] = 1
	}
	mine[1], mine[2] = int64(r.clockTime()), int64(r.took)
	ends := make([]int, r.group().Size())
	for rank := range ends {
		ends[rank] = 3 * (rank + 1)
	}
	if err := ranks.AllGather(r.group(), state, ends); err != nil {
		return err
	}
	for rank := range ends {
		if state[3*rank] != 0 && r.end != nil {
			r.end()
		}
	}
	r.agreed, r.took = time.Duration(state[1]), time.Duration(state[2])
	return nil
}
