package training

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
	"euryale/internal/ranks/rankstest"
	"euryale/layers/graph"
	"euryale/models"
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

// newOn begins a run on ranks, each with a copy of the configuration, as processes have.
func newOn(c Config, dir string) func(g ranks.Group) (*Run, error) {
	return func(g ranks.Group) (*Run, error) { return (&Start{Ranks: g}).New(copyOf(c), dir, nil) }
}

func copyOf(c Config) Config {
	m := reflect.New(reflect.TypeOf(c.Model).Elem())
	m.Elem().Set(reflect.ValueOf(c.Model).Elem())
	c.Model = m.Interface().(models.Model)
	return c
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

// A run goes on from its last save on another number of ranks, to the bit; in between it is ended by
// the context of one rank, or because a rank is gone.
func TestResumeOnOtherRanks(t *testing.T) {
	for _, name := range []string{"gpt", "lstm"} {
		t.Run(name, func(t *testing.T) {
			c := shared(t, name, "training.save_every=10")
			want, wantLosses := onRanks(t, 1, 0, newOn(c, ""))
			dir := filepath.Join(t.TempDir(), "run")
			resumed := func(g ranks.Group) (*Run, error) { return (&Start{Ranks: g}).Resume(dir, nil, nil) }
			_, losses := onRanks(t, 2, 23, newOn(c, dir))
			assert.Equal(t, wantLosses[:len(losses)], losses)
			gone := errors.New("killed")
			err := rankstest.Run(4, func(g ranks.Group) (err error) {
				r, err := resumed(g)
				if err != nil {
					return err
				}
				defer r.Close()
				r.Watch.Step = func(s Step) {
					if s.N == 36 && g.Rank() == 2 {
						panic(gone)
					}
				}
				defer func() {
					if recover() != nil {
						err = gone
					}
				}()
				return r.Train(context.Background())
			})
			require.ErrorIs(t, err, gone)
			got, losses := onRanks(t, 1, 0, resumed)
			assert.Equal(t, wantLosses[30:], losses, "from the save after step 30")
			assert.Equal(t, want, got)
		})
	}
}

// Each of two ranks has half of the optimizer's state, and each of four a quarter; a rule that is not
// elementwise has all of it on every rank, and the same bits.
func TestOptimizerStateIsDivided(t *testing.T) {
	c := shared(t, "gpt", "model.dim=128", "training.steps=2", "training.sample=0", "optimizer.clip=0.01")
	all := 0
	for _, n := range []int{1, 2, 4} {
		sizes, claimed, counted := make([]int, n), make([]int, n), make([]float64, n)
		require.NoError(t, rankstest.Run(n, func(g ranks.Group) error {
			r, err := newOn(c, "")(g)
			if err != nil {
				return err
			}
			for _, s := range r.updater.State() {
				sizes[g.Rank()] += len(s.Values)
			}
			claimed[g.Rank()] = 4 * (r.Weights.Count() + sizes[g.Rank()] + countAll(r.updater.sums))
			if x := r.updater.exchange; x != nil {
				claimed[g.Rank()] += 4 * len(x.buffer)
			}
			counted[g.Rank()] = r.replicas.state
			return r.Close()
		}))
		if n == 1 {
			all = sizes[0]
		}
		sum := 0
		for _, s := range sizes {
			sum += s
			assert.InDelta(t, all/n, s, 2*blockSize, "%d ranks", n)
		}
		for rank, bytes := range claimed {
			assert.InEpsilon(t, bytes, counted[rank], 0.25, "%d ranks: bytes that rank %d was said to need", n, rank)
		}
		assert.Equal(t, all, sum, "%d ranks", n)
	}
	assert.Greater(t, all, 20*blockSize)
}

func countAll(lists [][]float32) (n int) {
	for _, l := range lists {
		n += len(l)
	}
	return n
}

func TestRuleThatIsNotElementwise(t *testing.T) {
	RegisterOptimizer("sign", func(_ OptimizerConfig, params []*graph.Param) Optimizer { return &sign{params, make([]float32, 1)} })
	defer delete(optimizers, "sign")
	c := shared(t, "gpt", "optimizer.name=sign", "optimizer.lr=1e-3", "training.steps=20")
	want, _ := onRanks(t, 1, 0, newOn(c, ""))
	dir := filepath.Join(t.TempDir(), "run")
	got, _ := onRanks(t, 2, 7, newOn(c, dir))
	assert.NotEqual(t, want, got)
	got, _ = onRanks(t, 4, 0, func(g ranks.Group) (*Run, error) { return (&Start{Ranks: g}).Resume(dir, nil, nil) })
	assert.Equal(t, want, got)
}

// Gradients in bfloat16 give the same bits on any number of ranks too, and others than in float32.
func TestNarrowWire(t *testing.T) {
	c := shared(t, "gpt", "training.wire=bf16", "training.accumulate=2", "training.steps=20")
	want, wantLosses := onRanks(t, 1, 0, newOn(c, ""))
	got, losses := onRanks(t, 4, 0, newOn(c, ""))
	assert.Equal(t, want, got)
	assert.Equal(t, wantLosses, losses)
	c.Training.Wire = "fp32"
	wide, wideLosses := onRanks(t, 2, 0, newOn(c, ""))
	assert.NotEqual(t, want, wide)
	assert.InDeltaSlice(t, wideLosses, losses, 0.01)
}

func TestBFloat16(t *testing.T) {
	x := []float32{1, 1 + 1.0/256, 1 + 3.0/256, -1 - 1.5/256, float32(math.Inf(-1)), math.MaxFloat32, 0}
	roundToBFloat16(x)
	assert.Equal(t, []float32{1, 1, 1 + 1.0/64, -1 - 1.0/128, float32(math.Inf(-1)), float32(math.Inf(1)), 0}, x, "the nearest, even of two")
	nan := []float32{math.Float32frombits(0x7fffffff)}
	roundToBFloat16(nan)
	assert.True(t, math.IsNaN(float64(nan[0])))
	narrow, wide := make([]uint16, len(x)), make([]float32, len(x))
	toBFloat16(narrow, x)
	fromBFloat16(wide, narrow)
	assert.Equal(t, x, wide)
}

// What differs between ranks is found before the first step, and nothing is written.
func TestRanksMustAgree(t *testing.T) {
	c := shared(t, "gpt")
	for name, test := range map[string]struct {
		change func(c *Config)
		want   string
	}{
		"configuration": {func(c *Config) { c.Optimizer.Beta2 = 0.95 }, "rank 1 of 3: optimizer.beta2 is 0.95, and that of rank 0 is 0.99: give all ranks the same"},
		"workers":       {func(c *Config) { c.Training.Workers = 2 }, ""},
		"no data":       {func(c *Config) { c.Data.Name = "no/such.txt" }, "rank 1 of 3: corpus no/such.txt"},
		"shards": {func(c *Config) { c.Training.Shards = 2 },
			"rank 1 of 3: 3 ranks share the shards of a batch, and there are 2: set training.shards to a multiple of 3 (results depend on it), or start at most 2 ranks"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, texts := filepath.Join(t.TempDir(), "run"), make([]string, 3)
			require.NoError(t, rankstest.Run(3, func(g ranks.Group) error {
				c := copyOf(c)
				if g.Rank() == 1 {
					test.change(&c)
				}
				r, err := newOn(c, dir)(g)
				if err != nil {
					texts[g.Rank()] = err.Error()
					return nil
				}
				return r.Close()
			}))
			for _, text := range texts {
				assert.Contains(t, text, test.want)
			}
			if test.want != "" {
				assert.NoDirExists(t, dir)
			}
		})
	}
}

// Another text, whose letters are in another order, has another fingerprint.
func TestDifferenceOfData(t *testing.T) {
	c := shared(t, "gpt")
	r := begin(t, c, "")
	raw := read(t, filepath.Dir(c.Data.Name), filepath.Base(c.Data.Name))
	raw[len(raw)/2], raw[len(raw)/2+1] = raw[len(raw)/2+1], raw[len(raw)/2]
	c.Data.Name = filepath.Join(t.TempDir(), "changed.txt")
	require.NoError(t, os.WriteFile(c.Data.Name, raw, 0o666))
	changed := begin(t, c, "")
	assert.NotEqual(t, r.Corpus.Fingerprint(), changed.Corpus.Fingerprint())
	require.NoError(t, r.Close())
	require.NoError(t, changed.Close())
}

// A loss that is not finite on one rank ends all, with the layer and the whole batch.
func TestDivergedOnOneRank(t *testing.T) {
	c := shared(t, "gpt", "optimizer.lr=1e30", "optimizer.clip=0", "schedule.warmup=0")
	dir := filepath.Join(t.TempDir(), "run")
	err := rankstest.Run(2, func(g ranks.Group) error {
		r, err := newOn(c, dir)(g)
		if err != nil {
			return err
		}
		defer r.Close()
		return r.Train(context.Background())
	})
	require.ErrorContains(t, err, "the loss is")
	b, failed := ReadBatch(filepath.Join(dir, rundir.FailedBatch), 1000)
	require.NoError(t, failed)
	assert.NotContains(t, b.Tokens, -1, "it has the sequences of all ranks")
}
