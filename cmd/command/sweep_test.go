package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tinySweep are the flags of runs that take a fraction of a second.
func tinySweep(t *testing.T, more ...string) (args []string, dir string) {
	dir = filepath.Join(t.TempDir(), "sweep")
	text := file(t, "text.txt", strings.Repeat("The Rays of Light which differ in Colour differ also in Refrangibility. ", 60))
	return append([]string{"-data", text, "-layers", "1", "-heads", "1", "-dim", "8", "-context", "16", "-steps", "20", "-eval-every", "10",
		"-set", "training.sample=0", "-threads", "2", "-out", dir}, more...), dir
}

// A sweep trains the product of its values and seeds, prints a table, the best first, and compares
// the two best; when it is called again nothing is trained, and more seeds are added.
func TestSweep(t *testing.T) {
	args, dir := tinySweep(t, "-sweep", "lr=1e-2,1e-4", "-seeds", "2")
	code, out, stderr := call(t, "train", args...)
	require.Equal(t, 0, code, stderr)
	lines := strings.Split(out, "\n")
	assert.Regexp(t, `^optimizer.lr +loss, nats a token +sd over seeds +runs`, lines[0])
	assert.Regexp(t, `^1e-2 +\d\.\d{4} +\d\.\d{4} +2 +20 `, lines[1])
	assert.Regexp(t, `^1e-4 `, lines[2])
	assert.Contains(t, out, "A  lr=1e-2  (2 runs, seeds 1 2)")
	assert.Regexp(t, `nats a token \(95 %, 2 seeds each\)`, out)
	for _, name := range []string{"lr=1e-2,seed=1", "lr=1e-4,seed=2"} {
		assert.FileExists(t, filepath.Join(dir, name, "best.safetensors"))
	}
	assert.FileExists(t, filepath.Join(dir, "sweep.html"))
	assert.FileExists(t, filepath.Join(dir, "sweep.svg"))
	code, again, stderr := call(t, "train", args...)
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, out, again)
	assert.NotContains(t, stderr, "to train")
	code, _, stderr = call(t, "train", append(args, "-seeds", "3")...)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stderr, "2 runs to train")
	code, _, stderr = call(t, "train", append(args, "-steps", "30")...)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "training.steps was 20, and is 30; choose another directory")
}

// The runs of a sweep show how much the seed matters; -run keeps it for the card of a run.
func TestStability(t *testing.T) {
	args, dir := tinySweep(t, "-seeds", "2")
	code, _, stderr := call(t, "train", args...)
	require.Equal(t, 0, code, stderr)
	run := filepath.Join(dir, "seed=1")
	code, out, stderr := call(t, "evaluate", "-stability", filepath.Join(dir, "*"), "-run", run)
	require.Equal(t, 0, code, stderr)
	assert.Regexp(t, `(?m)^seed: weights, batches, dropout +1, 2 +2 `, out)
	assert.FileExists(t, filepath.Join(run, "measured", "stability.json"))
	code, out, stderr = call(t, "evaluate", "-stability", filepath.Join(dir, "seed=1"), filepath.Join(dir, "seed=2"), "-format", "json")
	require.Equal(t, 0, code, stderr)
	assert.Regexp(t, `^\{"runs":2,"tokens":\d+,"factors":\[\{"key":"training.seed","values":\["1","2"\]`, out)
	checkBad(t, "evaluate", []bad{
		{1, "is one run", []string{"-stability", run}},
		{2, "-stability has no use for -part", []string{"-stability", run, "-part", "test"}},
	})
}

// The groups of a sweep are compared by patterns, as text, JSON, a page and a picture.
func TestCompare(t *testing.T) {
	args, dir := tinySweep(t, "-sweep", "lr=1e-2,1e-4", "-seeds", "2")
	code, _, stderr := call(t, "train", args...)
	require.Equal(t, 0, code, stderr)
	page, picture := filepath.Join(dir, "c.html"), filepath.Join(dir, "c.svg")
	code, out, stderr := call(t, "evaluate", "-compare", filepath.Join(dir, "lr=1e-2,*"), filepath.Join(dir, "lr=1e-4,*"), "-format", "json", "-html", page, "-svg", picture)
	require.Equal(t, 0, code, stderr)
	var c struct {
		Groups   []struct{ Runs []string }
		Verdicts []struct {
			Gain      float64
			HalfWidth float64 `json:"half_width"`
			Sentence  string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &c))
	assert.Len(t, c.Groups[0].Runs, 2)
	require.Len(t, c.Verdicts, 1)
	assert.Negative(t, c.Verdicts[0].Gain, "with a small learning rate the loss is higher")
	assert.Positive(t, c.Verdicts[0].HalfWidth)
	raw, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(raw), "optimizer.lr")
	assert.NotRegexp(t, `(src|href)=`, string(raw), "the page needs no other file")
	assert.FileExists(t, picture)
	code, out, stderr = call(t, "evaluate", "-mix", filepath.Join(dir, "lr=1e-2,seed=1"), filepath.Join(dir, "lr=1e-4,seed=1"), "-cache-ngrams", "4")
	require.Zero(t, code, stderr)
	assert.Regexp(t, `(?m)^valid part, \d+ tokens .*\n.*seed=1 .*\n.*seed=1 .*\n4-grams of the text before .*\nmixture +\d\.\d{4}`, out)
	code, out, stderr = call(t, "evaluate", "-compare", filepath.Join(dir, "lr=1e-2,seed=1"), filepath.Join(dir, "lr=1e-4,seed=1"))
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, out, "one seed each cannot tell whether one definition is better")
	none := t.TempDir()
	checkBad(t, "evaluate", []bad{
		{2, "want two runs or more", []string{"-compare", dir}},
		{1, none + " is not a run: it has no config.toml", []string{"-compare", none, dir}},
		{1, "matches no directory", []string{"-compare", filepath.Join(none, "a-*"), dir}},
		{1, "differ only in training.seed", []string{"-compare", filepath.Join(dir, "lr=*,seed=1"), filepath.Join(dir, "lr=1e-2,seed=2")}},
		{2, "-compare has no use for -shown", []string{"-compare", "a", "b", "-shown", "2"}},
		{2, "-svg is of -compare A B and of -detect FILE", []string{"-svg", "c.svg"}},
		{2, "is one model: give several runs", []string{"-mix", dir}},
		{2, "-cache-ngrams 17: want 1 to 16", []string{"-mix", dir, "-cache-ngrams", "17"}},
		{2, "-cache-ngrams 3 is mixed with runs: give -mix RUN", []string{"-cache-ngrams", "3"}},
		{2, "-mix has no use for -html", []string{"-mix", "a", "b", "-html", "m.html"}},
		{1, none + " is not a run", []string{"-mix", none, dir}},
	})
}

// A sweep that is interrupted saves all its runs and says how to continue; the runs go on from there.
func TestSweepInterrupted(t *testing.T) {
	args, dir := tinySweep(t, "-sweep", "lr=1e-2,1e-4", "-steps", "1000000", "-set", "training.eval_every=0", "-set", "training.save_every=1000000")
	// states returns the saved states. A sweep that is interrupted before its first step, as on a busy
	// machine, has nothing to save: it is begun again.
	states := func(enough func(saved []string) bool) (saved []string) {
		for range 5 {
			interrupt(t, os.Interrupt, nil, "to train", "train", args...)
			var err error
			saved, err = filepath.Glob(filepath.Join(dir, "*", "state.safetensors"))
			require.NoError(t, err)
			if enough(saved) {
				break
			}
		}
		return saved
	}
	saved := states(func(saved []string) bool { return len(saved) > 0 })
	require.NotEmpty(t, saved)
	before, err := os.Stat(saved[0])
	require.NoError(t, err)
	again := func([]string) bool {
		after, err := os.Stat(saved[0])
		require.NoError(t, err)
		return after.ModTime().After(before.ModTime())
	}
	states(again)
	assert.True(t, again(nil), "resumed and saved again")
}

func TestSweepUsedWrongly(t *testing.T) {
	checkBad(t, "train", []bad{
		{2, "model.dim: it has no values", []string{"-sweep", "dim="}},
		{2, "want KEY=A,B", []string{"-sweep", "dim"}},
		{2, "there is no key dimm: did you mean dim?", []string{"-sweep", "dimm=1,2"}},
		{2, "there is no key optimizer.lrr: did you mean optimizer.lr?", []string{"-sweep", "optimizer.lrr=1,2"}},
		{2, "training.seed: the number of seeds is given too", []string{"-sweep", "seed=1,2", "-seeds", "2"}},
		{2, "out cannot vary: each run has a directory of its own", []string{"-sweep", "out=a,b"}},
		{2, "training.workers cannot vary", []string{"-sweep", "workers=1,2"}},
		{2, "16 occurs twice", []string{"-sweep", "dim=16,16"}},
		{2, "the key is also set for all runs", []string{"-sweep", "dim=16,32", "-dim", "8"}},
		{2, "the key is given twice", []string{"-sweep", "dim=16", "-sweep", "dim=32"}},
		{2, "dim=15,seed=1: model: heads = 4 does not divide dim = 15", []string{"-sweep", "dim=16,15"}},
		{2, "-seeds 0: want 1 or more", []string{"-seeds", "0"}},
		{2, "leave out -resume", []string{"-sweep", "dim=16,32", "-resume", "runs/a"}},
	})
}
