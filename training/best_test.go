package training

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
	"euryale/training/rundir"
)

// byAnswers is a small run that chooses its best weights by answers, which are the words of their sources.
func byAnswers(t *testing.T, sets ...string) Config {
	t.Helper()
	table := filepath.Join(t.TempDir(), "words.tsv")
	var rows strings.Builder
	for n := range 256 {
		text := fmt.Sprint(n/64, " ", n/16%4, " ", n/4%4, " ", n%4)
		rows.WriteString(text + "\t" + text + "\n")
	}
	require.NoError(t, os.WriteFile(table, []byte(rows.String()), 0o666))
	return answering(t, "copy", append([]string{"training.steps=60", "training.eval_every=10", "training.eval_tokens=200", "training.batch=8",
		"training.best_by=rouge_l", "training.answer_rows=20", "training.answer_tokens=12", "training.save_every=10", "training.shards=2", "data.name=" + table, "data.task=pairs"}, sets...)...)
}

// The best weights are those with the best measure of answers, which metrics.jsonl has: what evaluation
// finds of the saved ones is the highest value there.
func TestBestWeightsByAnswers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r := begin(t, byAnswers(t), dir)
	var values []float64
	best := 0.0
	r.Watch.Eval = func(rec Record) {
		require.Equal(t, 20, rec.Answers.Rows)
		assert.Contains(t, rec.String(), "rouge_l")
		values, best = append(values, rec.Answers.Value), max(best, rec.Answers.Value)
	}
	require.NoError(t, r.Train(context.Background()))
	require.Len(t, values, 6)
	require.Greater(t, best, 0.0, "the model answers something")
	w, err := loadWeights(filepath.Join(dir, rundir.Best), r.Config.Model)
	require.NoError(t, err)
	for _, p := range r.Weights.All() {
		copy(p.Float32(), w.Get(p.Path).Float32())
	}
	again, err := r.score()
	require.NoError(t, err)
	assert.Equal(t, best, again.Value)
	assert.Equal(t, -best, r.best)
	require.NoError(t, r.Close())
	var logged []float64
	records, err := rundir.ReadMetrics(dir)
	require.NoError(t, err)
	for _, rec := range records {
		if v, ok := rec.Values["val_rouge_l"]; ok {
			logged = append(logged, v)
		}
	}
	assert.Equal(t, values, logged)
}

// Of equally good answers those of the model with the lower loss are better, so that a model that answers
// nothing right at first is not stopped; evaluations without either end the run.
func TestPatienceWithAnswers(t *testing.T) {
	r := &Run{verdict: verdict{best: 1}, Config: Default()}
	r.Config.Training.Patience = 2
	exact := func(v float64) *Score { return &Score{"exact", v, 20} }
	for i, step := range []struct {
		loss, exact float64
		better      bool
	}{{5, 0, true}, {4, 0, true}, {4.5, 0, false}, {9, 0.1, true}, {3, 0.05, false}, {9.5, 0.1, false}} {
		require.False(t, r.stopsEarly(), "evaluation %d", i)
		assert.Equal(t, step.better, r.improves(step.loss, exact(step.exact)), "evaluation %d", i)
		if !step.better {
			r.worse++
		}
	}
	assert.True(t, r.stopsEarly())
}

// A run that is stopped and resumed, and one on several ranks, chooses as the whole one on one rank does.
func TestAnswersOnResumeAndRanks(t *testing.T) {
	c := byAnswers(t, "training.patience=3")
	whole := filepath.Join(t.TempDir(), "run")
	hash, all := onRanks(t, 1, 0, newOn(c, whole))
	want := metricsOf(t, whole)
	dir := filepath.Join(t.TempDir(), "run")
	_, first := onRanks(t, 2, 25, newOn(c, dir))
	resumed, rest := onRanks(t, 1, 0, func(g ranks.Group) (*Run, error) { return (&Start{Ranks: g}).Resume(dir, nil, nil) })
	assert.Equal(t, hash, resumed)
	assert.Equal(t, all, append(first, rest...))
	assert.Equal(t, want, metricsOf(t, dir))
	for _, file := range []string{rundir.Best, rundir.Weights} {
		assert.Equal(t, read(t, whole, file), read(t, dir, file), file)
	}
}

// An evaluation that ends after its verdict, within the sample, is made once more when the run resumes, and
// counts once.
func TestInterruptedVerdictCountsOnce(t *testing.T) {
	c := byAnswers(t, "training.steps=30")
	whole := begin(t, c, filepath.Join(t.TempDir(), "run"))
	require.NoError(t, whole.Train(context.Background()))
	require.NoError(t, whole.Close())
	dir := filepath.Join(t.TempDir(), "run")
	r := begin(t, c, dir)
	for range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		r.Watch.Eval = func(Record) { cancel() } // the sample follows
		require.ErrorIs(t, r.Train(ctx), ErrInterrupted)
		cancel()
		require.NoError(t, r.Close())
		var err error
		r, err = Resume(dir, nil, nil)
		require.NoError(t, err)
	}
	require.NoError(t, r.Train(context.Background()))
	assert.Equal(t, whole.verdict, r.verdict)
	require.NoError(t, r.Close())
}

// metricsOf returns the measures of answers by step.
func metricsOf(t *testing.T, dir string) map[int]float64 {
	t.Helper()
	records, err := rundir.ReadMetrics(dir)
	require.NoError(t, err)
	all := map[int]float64{}
	for _, rec := range records {
		if v, ok := rec.Values["val_rouge_l"]; ok {
			all[rec.Step] = v
		}
	}
	require.NotEmpty(t, all)
	return all
}

func TestBestByErrors(t *testing.T) {
	for set, want := range map[string]string{
		"training.best_by=blue":    `training.best_by is "blue": it must be one of bleu, exact, rouge_l, loss`,
		"training.answer_rows=0":   "training: answer_rows = 0, answer_tokens = 64, want at least 1",
		"training.answer_tokens=0": "answer_tokens = 0",
	} {
		c, err := Parse("", []string{set})
		require.NoError(t, err)
		assert.ErrorContains(t, c.Check(), want)
	}
	dir := filepath.Join(t.TempDir(), "run")
	_, err := New(tiny(t, "training.best_by=bleu"), dir, nil)
	assert.ErrorContains(t, err, `training.best_by is "bleu"`)
	assert.ErrorContains(t, err, "plain text has no examples of source and answer")
	assert.NoDirExists(t, dir)
	ngram, err := Parse("", []string{"model.name=ngram", "training.best_by=exact"})
	require.NoError(t, err)
	assert.ErrorContains(t, ngram.Check(), "the model reads its text once")
}
