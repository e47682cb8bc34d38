package training

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data"
)

// By hand: of 10 ones and 10 threes the mean is 2 and the deviation 1; a flat window counts as
// spread by a hundredth of its mean.
func TestDeviation(t *testing.T) {
	var window, flat []float64
	for range 10 {
		window, flat = append(window, 1, 3), append(flat, 2, 2)
	}
	assert.InDelta(t, 4, deviation(6, window), 1e-12)
	assert.InDelta(t, -1, deviation(1, window), 1e-12)
	assert.InDelta(t, 50, deviation(3, flat), 1e-9)
	assert.Zero(t, deviation(100, window[:19]), "too few")
	assert.Equal(t, math.Inf(1), deviation(math.NaN(), nil))
	assert.Equal(t, math.Inf(1), deviation(math.Inf(1), window))
}

// An outlier is found by its batch: it is noted, or its update left out.
func TestSpikeOfABatch(t *testing.T) {
	usual, other := sequence(8, 1), sequence(8, 1)
	for i := range other.Targets {
		other.Targets[i] = 4
	}
	var batches cycle
	for range 60 {
		batches = append(batches, usual)
	}
	batches[50] = other
	for _, mode := range []string{"off", "warn", "skip"} {
		t.Run(mode, func(t *testing.T) {
			c, err := Parse("", []string{"model.layers=1", "model.heads=1", "model.dim=8", "model.context=8", "training.steps=60", "training.batch=1", "schedule.warmup=0",
				"optimizer.lr=1e-2", "training.spike_window=20", "training.spike=" + mode})
			require.NoError(t, err)
			c.Model.Common().Vocab = 6
			r, err := NewOn(c, batches)
			require.NoError(t, err)
			var messages, skipped []string
			r.Watch.Message = func(text string) { messages = append(messages, text) }
			before := r.Weights.Get("tok/W").Float32()
			for n := range 60 {
				old := append([]float32(nil), before...)
				s, err := r.Update()
				require.NoError(t, err)
				assert.Equal(t, mode != "off" && n == 50, s.Spike > 6, "step %d: z = %v", s.N, s.Spike)
				assert.Equal(t, s.Skipped, assert.ObjectsAreEqual(old, r.Weights.Get("tok/W").Float32()), "step %d", s.N)
				if s.Skipped {
					skipped = append(skipped, "skipped")
				}
			}
			switch mode {
			case "off":
				assert.Empty(t, messages)
			case "warn":
				require.Len(t, messages, 1)
				assert.Regexp(t, `^step 51: the .* is an outlier \(z = \d+\.\d\): which is only noted$`, messages[0])
				assert.Empty(t, skipped)
			case "skip":
				require.Len(t, messages, 1)
				assert.Contains(t, messages[0], "the update is skipped")
				assert.Len(t, skipped, 1)
			}
		})
	}
}

// A sentinel that finds many outliers is part of what a run resumes from: one whose process
// died, or which was stopped, ends as the one that ran through.
func TestSpikesResume(t *testing.T) {
	for _, mode := range []string{"warn", "skip", "back"} {
		t.Run(mode, func(t *testing.T) {
			c := tiny(t, "training.spike="+mode, "training.spike_z=1.3", "training.spike_window=20", "training.save_every=9",
				"training.log_every=4", "training.steps=45", "training.eval_tokens=200", "training.final_eval_tokens=200", "training.sample=5")
			want, killed := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "run")
			r := begin(t, c, want)
			r.Watch.Step = func(s Step) {
				if s.N == 43 && !exists(killed) {
					require.NoError(t, os.CopyFS(killed, os.DirFS(want)))
				}
			}
			require.NoError(t, r.Train(context.Background()))
			require.NoError(t, r.Close())
			total := Outliers{}
			for _, rec := range reports(t, want) {
				total.Count += int(rec.Values["spikes"])
				total.Skipped += int(rec.Values["spikes_skipped"])
				total.Back += int(rec.Values["spikes_back"])
			}
			assert.Positive(t, total.Count)
			assert.Equal(t, mode == "skip", total.Skipped > 0)
			assert.Equal(t, mode == "back", total.Back > 0)
			if mode == "back" {
				last := reports(t, want)
				assert.Less(t, last[len(last)-1].Values["lr"], c.Optimizer.LR/15, "a tenth at the end, and half of it once or more")
			}
			r, err := Resume(killed, nil, nil)
			require.NoError(t, err)
			losses(t, r, 0)
			sameRun(t, want, killed)

			stopped := filepath.Join(t.TempDir(), "run")
			losses(t, begin(t, c, stopped), 33)
			r, err = Resume(stopped, nil, nil)
			require.NoError(t, err)
			losses(t, r, 0)
			sameRun(t, want, stopped)
		})
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// plant sets a weight of a run to a number after some steps.
func plant(r *Run, after int, path string, number float64) {
	r.Watch.Step = func(s Step) {
		if s.N == after {
			r.Weights.Get(path).Float32()[0] = float32(number)
		}
	}
}

// A number that is not finite stops the run with the layer that reads it, its line, and what
// the layer read; the batch and the weights are saved.
func TestNotFiniteNamesTheLayer(t *testing.T) {
	for name, tt := range map[string]struct {
		c                         Config
		path, layer, seen, inPass string
	}{
		"gpt":          {tiny(t, "training.accumulate=2"), "h1/mlp/out/W", "h1/mlp/out", "the loss is NaN", "forward"},
		"gains":        {tiny(t), "h0/ln2/gain", "h0/ln2", "the loss is NaN", "forward"},
		"carried lstm": {carried(t, "lstm"), "lstm1/h/W", "lstm1", "the gradients' norm is NaN", "backward"}, // gates of an infinite sum are 0 or 1,
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			r := begin(t, tt.c, dir)
			plant(r, 5, tt.path, math.Inf(1))
			err := r.Train(context.Background())
			assert.ErrorContains(t, err, "step 6: the loss is ")
			assert.ErrorContains(t, err, tt.seen)
			assert.ErrorContains(t, err, "the first value that is not finite is of "+tt.layer+" (")
			assert.ErrorContains(t, err, tt.path+" [")
			assert.ErrorContains(t, err, "1 infinite")
			assert.Regexp(t, `\(\w+\.go:\d+\), in the `+tt.inPass+` pass`, err.Error())
			assert.NotContains(t, err.Error(), "\n")
			require.NoError(t, r.Close())
			b, err := ReadBatch(filepath.Join(dir, "failed-batch.json"), tt.c.Model.Common().Vocab)
			require.NoError(t, err)
			assert.Equal(t, 6, b.Step)
			assert.Equal(t, r.update[0].Tokens, b.Tokens)
			assert.Equal(t, r.update[0].Targets, b.Targets)
			s, err := OpenStart(filepath.Join(dir, "failed-weights.safetensors"), "")
			require.NoError(t, err)
			assert.NotEmpty(t, s.shapes)
		})
	}
}

// Skipping passes over single updates that are not finite, and ends where all are.
func TestSkipWhatIsNotFinite(t *testing.T) {
	for _, mode := range []string{"skip", "back"} {
		dir := filepath.Join(t.TempDir(), "run")
		r := begin(t, tiny(t, "training.spike="+mode, "training.eval_every=0"), dir)
		plant(r, 5, "ln/gain", math.NaN())
		seen := 0
		step := r.Watch.Step
		r.Watch.Step = func(s Step) {
			seen++
			step(s)
		}
		err := r.Train(context.Background())
		require.NoError(t, r.Close())
		if mode == "skip" {
			assert.ErrorContains(t, err, "step 16: the loss is NaN")
			assert.ErrorContains(t, err, "is of ln (gpt.go:")
			continue
		}
		assert.ErrorContains(t, err, "step 6: the loss is NaN", "planted again after each return")
		assert.Equal(t, 30, seen, "five steps, and five returns to the first save")
	}
	_, err := New(tiny(t, "training.spike=back"), "", nil)
	require.NoError(t, err)
	r := begin(t, tiny(t, "training.spike=back"), "")
	assert.ErrorContains(t, r.Train(context.Background()), "has no directory to save in")
}

func TestBatchFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.json")
	want := &SavedBatch{Batch: data.Batch{B: 2, T: 3, S: 2, Tokens: []int{1, 2, -1, 3, 4, 5}, Targets: []int{2, -1, -1, 4, 5, 0},
		Source: []int{1, 1, 2, -1}, Fresh: []bool{true, false}}, Step: 7, Noise: 12}
	require.NoError(t, WriteBatch(path, want))
	got, err := ReadBatch(path, 6)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	_, err = ReadBatch(path, 5)
	assert.EqualError(t, err, path+": tokens: sequence 1 has the id 5, want -1 or one below 5")
	_, err = ReadBatch(path+"x", 5)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzParseBatch(f *testing.F) {
	for _, s := range []string{`{`, `{"format":"euryale-batch","version":1,"tokens":[[1,2]],"targets":[[2,3]]}`,
		`{"format":"euryale-batch","version":1,"tokens":[[1],[2]],"targets":[[2],[]],"source":[[]],"fresh":[true]}`,
		`{"format":"euryale-batch","version":2}`, `[]`, `{"format":"euryale-batch","version":1,"tokens":[[]]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := parseBatch([]byte(s), 10)
		if err != nil {
			assert.NotContains(t, strings.TrimSpace(err.Error()), "panic")
			return
		}
		assert.Len(t, b.Tokens, b.B*b.T)
		assert.Len(t, b.Targets, b.B*b.T)
		assert.Len(t, b.Source, b.B*b.S)
	})
}
