package training

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/runfile"
	"euryale/training/rundir"
)

// reports returns the records of a run's metrics.jsonl without what the clock says.
func reports(t *testing.T, dir string) []runfile.Record {
	t.Helper()
	records, err := runfile.ReadMetrics(filepath.Join(dir, "metrics.jsonl"))
	require.NoError(t, err)
	for _, r := range records {
		for _, name := range []string{"seconds", "tokens_per_s"} {
			assert.Contains(t, r.Values, name)
			delete(r.Values, name)
		}
	}
	return records
}

// sameRun requires that two runs have left the same metrics, samples and weights.
func sameRun(t *testing.T, want, got string) {
	t.Helper()
	require.Equal(t, reports(t, want), reports(t, got))
	for _, name := range []string{"samples.txt", rundir.Weights, rundir.Best} {
		a, err := os.ReadFile(filepath.Join(want, name))
		require.NoError(t, err)
		b, err := os.ReadFile(filepath.Join(got, name))
		require.NoError(t, err)
		assert.True(t, string(a) == string(b), "%s differs", name)
	}
}

// The last evaluation is over the larger of eval_tokens and an eighth of the tokens trained on,
// or over final_eval_tokens. Batches are of 80 tokens, and the validation part has 3000; a
// limit is passed by less than 100 %.
func TestLastEvaluationIsBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		sets         []string
		least, below int
	}{
		"eval_tokens":           {[]string{"training.steps=10"}, 400, 800},
		"a share of training":   {[]string{"training.steps=110"}, 1100, 2200},
		"its own key":           {[]string{"training.steps=10", "training.final_eval_tokens=900"}, 900, 1800},
		"all":                   {[]string{"training.steps=10", "training.final_eval_tokens=90000"}, 2900, 3001},
		"all at any evaluation": {[]string{"training.steps=10", "training.eval_tokens=0"}, 2900, 3001},
	} {
		t.Run(name, func(t *testing.T) {
			c := tiny(t, append([]string{"training.eval_tokens=400", "training.eval_every=0", "training.sample=0"}, tt.sets...)...)
			dir := filepath.Join(t.TempDir(), "run")
			r := begin(t, c, dir)
			var last Record
			r.Watch.Eval = func(e Record) { last = e }
			require.NoError(t, r.Train(context.Background()))
			assert.GreaterOrEqual(t, last.ValTokens, tt.least)
			assert.Less(t, last.ValTokens, tt.below)
			whole, err := r.Validate(true)
			require.NoError(t, err)
			assert.Equal(t, tt.least == 2900, whole == *last.ValLoss)
			require.NoError(t, r.Close())
			records := reports(t, dir)
			assert.Equal(t, float64(last.ValTokens), records[len(records)-1].Values["val_tokens"])
		})
	}
}

// A run that was stopped in an evaluation, or in the sample after it, has the metrics, samples
// and weights of a run that never was. The last evaluation begins with everything saved.
func TestInterruptedEvaluationIsMadeUpFor(t *testing.T) {
	c := tiny(t, "training.eval_tokens=400", "training.final_eval_tokens=90000", "training.log_every=7")
	want := filepath.Join(t.TempDir(), "run")
	losses(t, begin(t, c, want), 0)
	require.Len(t, reports(t, want), 7, "5 reports, and 2 evaluations")
	for name, stop := range map[string]struct{ step, batch int }{"one on the way": {20, 3}, "the last": {40, 3}, "its second pass": {40, 10}} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			r := begin(t, c, dir)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			seen := 0
			r.Watch.Validating = func(done, total int) {
				if r.step == stop.step {
					if seen++; seen == stop.batch {
						cancel()
					}
					assert.True(t, r.step < 40 || rundir.Holds(dir, rundir.State), "saved before")
				}
			}
			require.ErrorIs(t, r.Train(ctx), ErrInterrupted)
			require.Equal(t, stop.batch, seen, "it ends with the batch")
			require.NoError(t, r.Close())
			r, err := Resume(dir, nil, nil)
			require.NoError(t, err)
			steps := losses(t, r, 0)
			assert.Len(t, steps, 40-stop.step)
			sameRun(t, want, dir)
		})
	}
}

// A run whose process died in its last evaluation resumes with that evaluation.
func TestKilledInTheLastEvaluation(t *testing.T) {
	c := tiny(t)
	want, killed := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "run")
	r := begin(t, c, want)
	r.Watch.Validating = func(done, total int) {
		if r.step == 40 && done == 1 {
			require.NoError(t, os.CopyFS(killed, os.DirFS(want)))
		}
	}
	losses(t, r, 0)
	r, err := Resume(killed, nil, nil)
	require.NoError(t, err)
	assert.Empty(t, losses(t, r, 0))
	sameRun(t, want, killed)
	r, err = Resume(killed, nil, nil)
	require.NoError(t, err)
	assert.Empty(t, losses(t, r, 0), "there is nothing left to do")
	sameRun(t, want, killed)
}
