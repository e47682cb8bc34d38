package experiment

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/training/rundir"
)

func init() { probeTime = 20 * time.Millisecond }

// small are the settings of runs that take a fraction of a second.
func small(t *testing.T, more ...string) SweepOptions {
	return SweepOptions{Dir: filepath.Join(t.TempDir(), "sweep"), Sets: append([]string{"data.name=" + text(t, rays), "model.dim=8", "model.layers=1", "model.heads=1",
		"model.context=16", "training.steps=40", "training.batch=4", "training.eval_every=10", "training.sample=0"}, more...)}
}

func TestPoints(t *testing.T) {
	o := small(t)
	o.Vary, o.Seeds = []string{"optimizer.lr=1e-3,2e-3", "model.dropout=0, 0.1", "optimizer.weight_decay = 0"}, 2
	points, err := o.points()
	require.NoError(t, err)
	var names []string
	for _, p := range points {
		for _, r := range p.Runs {
			names = append(names, r.Name)
		}
	}
	assert.Equal(t, []string{
		"lr=1e-3,dropout=0,weight_decay=0,seed=1", "lr=1e-3,dropout=0,weight_decay=0,seed=2",
		"lr=1e-3,dropout=0.1,weight_decay=0,seed=1", "lr=1e-3,dropout=0.1,weight_decay=0,seed=2",
		"lr=2e-3,dropout=0,weight_decay=0,seed=1", "lr=2e-3,dropout=0,weight_decay=0,seed=2",
		"lr=2e-3,dropout=0.1,weight_decay=0,seed=1", "lr=2e-3,dropout=0.1,weight_decay=0,seed=2"}, names)
	assert.Equal(t, 2e-3, points[3].Runs[0].config.Optimizer.LR)
	assert.Equal(t, uint64(2), points[3].Runs[1].config.Training.Seed)
	assert.Equal(t, []string{"[1, 2]", "3", `"a,b"`, ""}, splitList(`[1, 2],3, "a,b",`))
	o.Vary, o.Seeds, o.Sets = []string{"training.seed=7,9"}, 0, o.Sets[:8]
	points, err = o.points()
	require.NoError(t, err)
	require.Len(t, points, 1)
	assert.Equal(t, "seed=9", points[0].Runs[1].Name)
	for want, vary := range map[string][]string{
		"the sweep is empty":                  nil,
		"a value is empty":                    {"optimizer.lr=1e-3,"},
		"would be called config=a,seed=1":     {"config=" + configs(t)},
		"init cannot vary: all runs begin al": {"init=a,b"},
	} {
		o.Vary = vary
		_, err := o.points()
		assert.ErrorContains(t, err, want)
	}
}

// configs writes two files of one name.
func configs(t *testing.T) string {
	var paths []string
	for range 2 {
		path := filepath.Join(t.TempDir(), "a.toml")
		require.NoError(t, os.WriteFile(path, nil, 0o666))
		paths = append(paths, path)
	}
	return strings.Join(paths, ",")
}

// A sweep that was stopped in the middle of its runs ends as one that was not: what was finished
// is kept, what was stopped resumes, what was never saved begins again.
func TestSweepResumes(t *testing.T) {
	whole := small(t)
	whole.Vary, whole.Seeds = []string{"optimizer.lr=1e-3,1e-2"}, 2
	want, err := Sweep(context.Background(), whole)
	require.NoError(t, err)
	stopped := whole
	stopped.Dir = filepath.Join(t.TempDir(), "sweep")
	ctx, stop := context.WithCancel(context.Background())
	saving := 0
	stopped.Saving = func(context.Context) func() { saving++; return func() { saving-- } }
	stopped.Progress = func(done, total int, run string) {
		if done > 30 && done < total-20 {
			stop()
		}
	}
	_, err = Sweep(ctx, stopped)
	require.ErrorIs(t, err, ErrInterrupted)
	assert.Zero(t, saving, "all is saved")
	stopped.Progress = nil
	died := filepath.Join(stopped.Dir, "lr=1e-2,seed=2") // it died before its first save
	require.NoError(t, os.MkdirAll(died, 0o777))
	if !rundir.Holds(died, rundir.Config) {
		require.NoError(t, os.WriteFile(filepath.Join(died, rundir.Config), nil, 0o666))
	}
	got, err := Sweep(context.Background(), stopped)
	require.NoError(t, err)
	require.Len(t, got.Points, 2)
	for i, p := range got.Points {
		assert.Equal(t, want.Points[i].Name, p.Name)
		for j, r := range p.Runs {
			assert.Equal(t, want.Points[i].Runs[j].Loss, r.Loss, r.Name)
			assert.Equal(t, 40, r.Steps)
		}
	}
	assert.Equal(t, want.Best.Sentences(), got.Best.Sentences())
	assert.Contains(t, got.HTML(), "<svg")
	assert.Contains(t, got.String(), "1e-2  ")
}

// A run that another process writes, or that fails, does not stop the others.
func TestSweepGoesOnAfterAFailure(t *testing.T) {
	o := small(t)
	o.Vary = []string{"optimizer.lr=1e-3,1e-2,1e-1"}
	hold, err := rundir.Take(filepath.Join(o.Dir, "lr=1e-2,seed=1"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(o.Dir, "sweep.json"), []byte("[]"), 0o666))
	s, err := Sweep(context.Background(), o)
	assert.ErrorContains(t, err, "lr=1e-2,seed=1: ")
	assert.ErrorContains(t, err, "still being written")
	require.NotNil(t, s)
	assert.NotNil(t, s.Best, "of the two others")
	assert.Equal(t, "1e-2", s.Points[2].Values[0], "last, without a loss")
	require.NoError(t, hold.Release())
	s, err = Sweep(context.Background(), o)
	require.NoError(t, err)
	assert.True(t, s.Points[2].Runs[0].Done && s.Points[1].Runs[0].Done)
}

// A directory with something else is left alone, and so is a sweep that another process trains.
func TestSweepDirectory(t *testing.T) {
	o := small(t)
	o.Seeds = 2
	require.NoError(t, os.MkdirAll(filepath.Join(o.Dir, "notes"), 0o777))
	_, err := Sweep(context.Background(), o)
	assert.ErrorContains(t, err, "is no sweep's: it has no sweep.json")
	o.Dir = filepath.Join(t.TempDir(), "other")
	hold, err := rundir.Take(o.Dir)
	require.NoError(t, err)
	_, err = Sweep(context.Background(), o)
	assert.ErrorContains(t, err, "choose another directory")
	require.NoError(t, hold.Release())
	o.Dir = ""
	_, err = Sweep(context.Background(), o)
	assert.ErrorContains(t, err, "needs a directory")
}

// Losses of different tokenizers are sorted in bits a byte; those of different texts are not
// compared.
func TestSweepOverData(t *testing.T) {
	o := small(t, "tokenizer.vocab=280")
	o.Vary = []string{"tokenizer.kind=char,bpe"}
	s, err := Sweep(context.Background(), o)
	require.NoError(t, err)
	assert.Equal(t, "bits a byte", s.Unit)
	assert.Contains(t, s.String(), "loss, bits a byte")
	o = small(t)
	o.Sets = o.Sets[1:]
	same := text(t, rays)
	o.Vary = []string{"data.name=" + same + "," + strings.Replace(same, "text.txt", "./text.txt", 1)}
	_, err = Sweep(context.Background(), o)
	assert.ErrorContains(t, err, "two runs of the sweep would be called data=text.txt")
	other := filepath.Join(t.TempDir(), "other.txt")
	require.NoError(t, os.Rename(text(t, "Something else."), other))
	o.Vary = []string{"data.name=" + same + "," + other}
	s, err = Sweep(context.Background(), o)
	require.NoError(t, err)
	assert.Nil(t, s.Best)
	assert.Contains(t, s.String(), "measured on different texts: their losses cannot be compared")
}
