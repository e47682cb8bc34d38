package training

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
	"euryale/internal/ranks/rankstest"
	"euryale/training/rundir"
)

// shared are small runs of three kinds whose batches of five sequences have four shards.
func shared(t *testing.T, name string, sets ...string) Config {
	sets = append([]string{"training.shards=4", "training.steps=60", "training.eval_every=25", "training.eval_tokens=300"}, sets...)
	switch name {
	case "lstm":
		return carried(t, "lstm", sets...)
	case "transformer":
		c, err := Parse("", append([]string{"model.name=transformer", "model.dim=16", "model.heads=2", "model.layers=1", "model.context=24",
			"data.name=reverse", "data.size=300", "training.batch=5", "training.sample=20"}, sets...))
		require.NoError(t, err)
		return c
	}
	return tiny(t, sets...)
}

// onRanks trains on n ranks until the step that stop names, 0: to the end, and returns the hash of the
// weights, the same on all ranks, and the losses.
func onRanks(t *testing.T, n, stop int, open func(g ranks.Group) (*Run, error)) (hash string, losses []float64) {
	t.Helper()
	hashes := make([]string, n)
	require.NoError(t, rankstest.Run(n, func(g ranks.Group) error {
		r, err := open(g)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		r.Watch.Step = func(s Step) {
			if g.Rank() == 0 {
				losses = append(losses, s.Loss)
			}
			if s.N == stop && g.Rank() == n-1 { // one rank is asked to end: all do
				cancel()
			}
		}
		if err := r.Train(ctx); err != nil && (stop == 0 || !errors.Is(err, ErrInterrupted)) {
			return err
		}
		hashes[g.Rank()] = hashWeights(r.Weights)
		return r.Close()
	}))
	for _, h := range hashes {
		require.Equal(t, hashes[0], h, "the ranks have the same weights")
	}
	return hashes[0], losses
}

func newOn(c Config, dir string) func(g ranks.Group) (*Run, error) {
	return func(g ranks.Group) (*Run, error) { return (&Start{Ranks: g}).New(c, dir, nil) }
}

// The bits of a run do not depend on the number of ranks and workers: losses, weights, and all
// that the run leaves on disk.
func TestSameBitsForAnyNumberOfRanks(t *testing.T) {
	for _, name := range []string{"gpt", "lstm", "transformer"} {
		t.Run(name, func(t *testing.T) {
			c, dir := shared(t, name), filepath.Join(t.TempDir(), "run")
			want, wantLosses := onRanks(t, 1, 0, newOn(c, dir))
			for _, n := range []int{1, 2, 4} {
				for _, workers := range []int{1, 2} {
					c.Training.Workers = workers
					of := filepath.Join(t.TempDir(), "run")
					got, losses := onRanks(t, n, 0, newOn(c, of))
					what := fmt.Sprintf("%d ranks, %d workers", n, workers)
					require.Equal(t, wantLosses, losses, what)
					require.Equal(t, want, got, what)
					for _, file := range []string{rundir.Weights, rundir.Best, "samples.txt"} {
						assert.Equal(t, read(t, dir, file), read(t, of, file), "%s: %s", what, file)
					}
				}
			}
		})
	}
}

func read(t *testing.T, dir, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, file))
	require.NoError(t, err)
	return raw
}
