package training

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"euryale/internal/ranks"
	"euryale/internal/ranks/rankstest"
)

// distant is a group that counts as one of several machines.
type distant struct {
	ranks.Group
	patient *int // how often it was to be patient
}

func (d distant) Distant() bool { return true }

func (d distant) Patient(on bool) {
	if on {
		*d.patient++
	}
}

// onDistant begins a run whose gradients are exchanged during the backward pass.
func onDistant(c Config, patient *int) func(g ranks.Group) (*Run, error) {
	return func(g ranks.Group) (*Run, error) {
		mine := new(int)
		if g.Rank() == 0 {
			mine = patient
		}
		return newOn(c, "")(distant{g, mine})
	}
}

// begun returns a rank's run of that kind, and the replica of its first batch.
func begun(c Config, g ranks.Group) (*Run, *replica, error) {
	r, err := onDistant(c, new(int))(g)
	if err != nil {
		return nil, nil, err
	}
	rep, err := r.nextReplica()
	return r, rep, err
}

// Gradients that are exchanged while others are computed give the same bits on any number of ranks and
// workers, in several rounds, with batches added up, and in bfloat16.
func TestSameBitsInTheBackground(t *testing.T) {
	for _, sets := range [][]string{
		{"gpt", "model.dim=96", "training.accumulate=2"}, {"gpt", "training.wire=bf16"}, {"lstm"}, {"transformer"},
	} {
		t.Run(fmt.Sprint(sets), func(t *testing.T) {
			c := shared(t, sets[0], append(sets[1:], "training.steps=3", "training.eval_every=0", "training.sample=0")...)
			want, wantLosses := onRanks(t, 1, 0, newOn(c, ""))
			for _, n := range []int{2, 4} {
				for _, workers := range []int{1, 2} {
					c.Training.Workers = workers
					patient := 0
					got, losses := onRanks(t, n, 0, onDistant(c, &patient))
					what := fmt.Sprintf("%d ranks, %d workers", n, workers)
					assert.Equal(t, wantLosses, losses, what)
					assert.Equal(t, want, got, what)
					assert.Equal(t, 3*c.Training.Accumulate, patient, what)
				}
			}
		})
	}
}

// The first round is exchanged before the backward pass has ended: its last gradient waits for that.
func TestBackgroundBeginsEarly(t *testing.T) {
	c := shared(t, "gpt", "model.dim=128", "training.steps=1", "training.sample=0")
	require.NoError(t, rankstest.Run(2, func(g ranks.Group) error {
		r, rep, err := begun(c, g)
		if err != nil {
			return err
		}
		exchanged, b := make(chan bool), r.replicas.early
		once, add := sync.OnceFunc(func() { close(exchanged) }), r.updater.add
		r.updater.add = func(i int) { once(); add(i) }
		for i, s := range rep.shards {
			s.WatchGradients(func(k int, gradient *tensor.Dense) {
				if k == 0 && i == len(rep.shards)-1 {
					<-exchanged
				}
				b.ready(i, k, gradient)
			})
		}
		if _, err := r.Update(); err != nil {
			return err
		}
		return r.Close()
	}))
}

// A shard that fails on one rank is one error of all ranks, none of which hangs; so is a loss that is not
// finite, which names the layer.
func TestFailureInTheBackground(t *testing.T) {
	c := shared(t, "gpt", "model.dim=128", "training.steps=3", "training.sample=0")
	broken := errors.New("broken")
	failures := make([]string, 2)
	require.NoError(t, rankstest.Run(2, func(g ranks.Group) error {
		r, rep, err := begun(c, g)
		if err != nil {
			return err
		}
		run := rep.runOne
		rep.runOne = func(i int) {
			if g.Rank() == 1 && i == 1 {
				rep.errs[rep.first+i] = broken
				return
			}
			run(i)
		}
		_, err = r.Update()
		failures[g.Rank()] = fmt.Sprint(err)
		var agreed *ranks.Agreed
		if !errors.As(err, &agreed) || r.updater.added > 0 {
			return fmt.Errorf("%w, with %d batches added", err, r.updater.added)
		}
		return r.Close()
	}))
	assert.Equal(t, []string{"rank 1 of 2: broken", "rank 1 of 2: broken"}, failures)
	c = shared(t, "gpt", "optimizer.lr=1e30", "optimizer.clip=0", "schedule.warmup=0", "training.sample=0")
	err := rankstest.Run(2, func(g ranks.Group) error {
		r, err := onDistant(c, new(int))(g)
		if err != nil {
			return err
		}
		defer r.Close()
		return r.Train(t.Context())
	})
	require.ErrorContains(t, err, "the loss is")
}
