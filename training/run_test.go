package training

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
	"euryale/internal/runfile"
)

// tiny is a run of a second: a small GPT with dropout, on the first pages of a real book.
func tiny(t testing.TB, sets ...string) Config {
	t.Helper()
	c, err := Parse("", append([]string{"model.layers=2", "model.heads=2", "model.dim=16", "model.context=16", "model.dropout=0.1",
		"training.batch=5", "training.steps=40", "training.eval_every=20", "training.eval_tokens=2000", "training.log_every=1",
		"training.sample=20", "schedule.warmup=5"}, sets...))
	require.NoError(t, err)
	if c.Data.Name == "opticks" {
		c.Data.Name = book.Excerpt(t, 30000)
	}
	return c
}

// losses trains to the end, or to the step that stop names, and returns each step's loss.
func losses(t *testing.T, r *Run, stop int) []float64 {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all []float64
	r.Watch.Step = func(s Step) {
		all = append(all, s.Loss)
		if s.N == stop {
			cancel()
		}
	}
	err := r.Train(ctx)
	if stop > 0 {
		require.ErrorIs(t, err, ErrInterrupted)
	} else {
		require.NoError(t, err)
	}
	require.NoError(t, r.Close())
	return all
}

func begin(t *testing.T, c Config, dir string) *Run {
	t.Helper()
	r, err := New(c, dir, nil)
	require.NoError(t, err)
	return r
}

func TestLossFalls(t *testing.T) {
	all := losses(t, begin(t, tiny(t, "training.steps=150", "optimizer.lr=1e-2"), ""), 0)
	assert.InDelta(t, math.Log(80), all[0], 0.5, "an untrained model is about as good as a guess among some 80 characters")
	assert.Less(t, all[len(all)-1], all[0]-1)
}

// The same seed gives the same losses to the bit, however many workers there are.
func TestSameBitsForAnyNumberOfWorkers(t *testing.T) {
	defer parallel.SetThreads(parallel.Threads())
	c := tiny(t, "training.shards=3")
	want := losses(t, begin(t, c, ""), 0)
	for _, threads := range []int{1, 2, 4} {
		parallel.SetThreads(threads)
		assert.Equal(t, want, losses(t, begin(t, c, ""), 0), "%d threads", threads)
	}
	c.Training.Workers = 2
	assert.Equal(t, want, losses(t, begin(t, c, ""), 0), "2 workers")
	c.Training.Seed++
	assert.NotEqual(t, want, losses(t, begin(t, c, ""), 0), "another seed")
}

// training.batch_seed chooses the batches alone: the weights begin alike, and 0 is training.seed.
func TestBatchSeed(t *testing.T) {
	c := tiny(t, "training.steps=2")
	first := begin(t, c, "")
	initial := slices.Clone(first.Weights.All()[0].Float32())
	want := losses(t, first, 0)
	c.Training.BatchSeed = c.Training.Seed
	assert.Equal(t, want, losses(t, begin(t, c, ""), 0))
	c.Training.BatchSeed++
	other := begin(t, c, "")
	assert.Equal(t, initial, other.Weights.All()[0].Float32())
	assert.NotEqual(t, want, losses(t, other, 0))
}

// A run has the precision it was begun with: its losses show it where products are then
// of bfloat16, and a resumed run keeps it.
func TestPrecision(t *testing.T) {
	defer func() { require.NoError(t, matmul.SetPrecision(matmul.Highest)) }()
	highest := losses(t, begin(t, tiny(t, "training.precision=highest"), ""), 0)
	dir := filepath.Join(t.TempDir(), "run")
	medium := losses(t, begin(t, tiny(t, "training.precision=medium"), dir), 0)
	if matmul.Products() == "float32" {
		assert.Equal(t, highest, medium)
	} else {
		assert.NotEqual(t, highest, medium)
		assert.InDeltaSlice(t, highest, medium, 0.05)
	}
	_, err := Resume(dir, []string{"training.precision=highest"}, nil)
	assert.ErrorContains(t, err, "training.precision cannot change when a run is resumed")
	require.NoError(t, matmul.SetPrecision(matmul.Highest))
	r, err := Resume(dir, []string{"training.steps=41"}, nil)
	require.NoError(t, err)
	losses(t, r, 0)
	assert.Equal(t, matmul.Medium, matmul.InUse())
}

// A run that was stopped and resumed has the losses of one that was not, to the bit.
func TestResumeIsAsIfNeverStopped(t *testing.T) {
	for name, sets := range map[string][]string{
		"plain":      nil,
		"accumulate": {"training.accumulate=3"},
		"no sample":  {"training.sample=0", "training.eval_every=7"},
		"high":       {"training.precision=high"},
		"medium":     {"training.precision=medium"},
	} {
		t.Run(name, func(t *testing.T) {
			c := tiny(t, sets...)
			want := losses(t, begin(t, c, ""), 0)
			dir := filepath.Join(t.TempDir(), "run")
			got := losses(t, begin(t, c, dir), 23)
			r, err := Resume(dir, nil, nil)
			require.NoError(t, err)
			got = append(got, losses(t, r, 0)...)
			require.Equal(t, want, got)
			records, err := runfile.ReadMetrics(filepath.Join(dir, "metrics.jsonl"))
			require.NoError(t, err)
			require.Len(t, records, len(want))
			for i, rec := range records {
				assert.Equal(t, want[i], rec.Values["loss"])
			}
		})
	}
}

// What a run leaves behind is what DESIGN names, and opens again.
func TestRunDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := tiny(t)
	r := begin(t, c, dir)
	losses(t, r, 0)
	for _, name := range []string{"config.toml", "tokenizer.json", "weights.safetensors", "best.safetensors", "state.safetensors",
		"metrics.jsonl", "loss.svg", "loss.png", "samples.txt", "events.out.tfevents.*"} {
		found, err := filepath.Glob(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Len(t, found, 1, name)
	}
	saved, err := Open(dir, true)
	require.NoError(t, err)
	for i, p := range saved.Weights.All() {
		assert.Equal(t, r.Weights.All()[i].Float32(), p.Float32(), p.Path)
	}
	_, err = New(c, dir, nil)
	assert.ErrorContains(t, err, "holds a run already")
	again, err := Parse(filepath.Join(dir, "config.toml"), nil)
	require.NoError(t, err)
	assert.Equal(t, r.Config, again, "config.toml is the whole configuration")
	newest, err := Newest(filepath.Dir(dir))
	require.NoError(t, err)
	assert.Equal(t, dir, newest)
}

// A thousand steps grow neither the heap nor the goroutines, and a step makes little
// garbage.
func TestSteadyLoop(t *testing.T) {
	r := begin(t, tiny(t, "training.steps=1150", "training.eval_every=0"), "")
	var before, after runtime.MemStats
	var goroutines int
	r.Watch.Step = func(s Step) {
		switch s.N {
		case 100:
			runtime.GC()
			runtime.ReadMemStats(&before)
			goroutines = runtime.NumGoroutine()
		case 1100:
			runtime.ReadMemStats(&after)
			garbage := (after.TotalAlloc - before.TotalAlloc) / 1000
			t.Logf("%d bytes a step", garbage)
			assert.Less(t, garbage, uint64(100_000), "bytes allocated in a step")
			runtime.GC()
			runtime.ReadMemStats(&after)
		}
	}
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	assert.Less(t, after.HeapAlloc, before.HeapAlloc+1<<20, "live heap after a thousand steps")
	assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
}

func TestNonsenseIsRefused(t *testing.T) {
	for set, want := range map[string]string{
		"model.heads=3":                 "heads = 3 does not divide dim = 16",
		"training.batch=0":              "batch = 0",
		"model.dropout=1":               "dropout = 1",
		"optimizer.lr=0":                "lr = 0",
		"optimizer.beta2=1":             "beta2 = 1",
		"schedule.name=zigzag":          `schedule.name is "zigzag"`,
		"training.bptt=sometimes":       `training.bptt is "sometimes"`,
		"training.bptt=carry":           `set data.order = "sequential"`,
		"training.precision=bf16":       `training.precision is "bf16": want highest, high or medium`,
		"training.spike=maybe":          `training.spike is "maybe": want off, warn, skip, back`,
		"training.spike_window=3":       "spike_window = 3, want more than 0, and at least 20",
		"training.final_eval_tokens=-1": "final_eval_tokens = -1",
		"training.for=soon":             `training.for is "soon"`,
		"training.smoothing=-1":         "training.smoothing is -1",
		"data.name=/does/not/exist":     "/does/not/exist",
		"model.activation=squiggle":     `no activation is called "squiggle"`,
		"training.eval_every=-1":        "eval_every = -1",
		"tokenizer.kind=no/such.json":   "no/such.json",
	} {
		r, err := New(tiny(t, set), "", nil)
		if err == nil {
			_, err = r.Update()
		}
		assert.ErrorContains(t, err, want, set)
	}
}

// A diverging run stops with an error that names the step, and leaves its last save whole.
func TestDivergence(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r := begin(t, tiny(t, "training.steps=100"), dir)
	r.Watch.Step = func(s Step) {
		if s.N == 30 {
			r.Weights.Get("ln/gain").Float32()[0] = float32(math.NaN())
		}
	}
	err := r.Train(context.Background())
	assert.ErrorContains(t, err, "step 31:")
	require.NoError(t, r.Close())
	r, err = Resume(dir, nil, nil)
	require.NoError(t, err)
	assert.NoError(t, r.Close())
}

// A corpus without a validation part is refused before the first step.
func TestNoValidationPart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.tsv")
	require.NoError(t, os.WriteFile(path, []byte("# split\ta\tb\n"+strings.Repeat("train\tthe dog\tran\n", 20)), 0o666))
	c, err := Parse("", []string{"data.name=" + path, "data.task=pairs", "data.source=a", "data.target=b", "model.layers=1", "model.heads=2", "model.dim=16", "model.context=32", "training.steps=1"})
	require.NoError(t, err)
	_, err = New(c, "", nil)
	assert.ErrorContains(t, err, "valid part: the part has no example")
}
