package command

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
	"euryale/internal/kernel/matmul"
	"euryale/internal/runfile"
)

// file is a file of that name and text, gone when the test ends.
func file(t *testing.T, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}

// small are the flags of a model that trains in a moment.
func small(more ...string) []string {
	return append([]string{"-layers", "1", "-heads", "2", "-dim", "16", "-context", "16", "-batch", "4",
		"-set", "training.log_every=1", "-set", "training.eval_tokens=500", "-set", "training.sample=30"}, more...)
}

func TestTrainEndsWithASample(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	code, stdout, stderr := call(t, "train", small("-data", book.Excerpt(t, 20000), "-steps", "20", "-out", dir)...)
	require.Equal(t, 0, code, stderr)
	assert.GreaterOrEqual(t, len(stdout), 30, "the sample")
	assert.Contains(t, stderr, "arithmetic: ")
	assert.Contains(t, stderr, fmt.Sprintf("precision: %s (products of ", matmul.DefaultPrecision()))
	assert.Contains(t, stderr, "validation")
	assert.FileExists(t, filepath.Join(dir, "loss.png"))
}

func TestDescribeAndCheck(t *testing.T) {
	code, stdout, stderr := call(t, "train", small("-data", book.Excerpt(t, 20000), "-describe")...)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "h0/att/qkv/W")
	assert.Contains(t, stdout, "operations per token")
	code, _, stderr = call(t, "train", small("-data", book.Excerpt(t, 20000), "-check")...)
	require.Equal(t, 0, code, stderr)
}

func TestTrainHelpTeaches(t *testing.T) {
	_, stdout, _ := call(t, "train", "-h")
	for _, want := range []string{"Examples", "-resume DIR", "-set KEY=VALUE", "Ctrl-C saves"} {
		assert.Contains(t, stdout, want)
	}
}

func TestTrainUsedWrongly(t *testing.T) {
	checkBad(t, "train", []bad{
		{2, "there is no flag -step: did you mean -steps?", []string{"-step", "3"}},
		{2, `"book.txt" is not a flag`, []string{"book.txt"}},
		{2, "there is no key model.layer: did you mean model.layers?", []string{"-set", "model.layer=3"}},
		{2, `no model is called "gtp"`, []string{"-model", "gtp"}},
		{2, "leave out -config, -out and -init", []string{"-resume", "x", "-out", "y"}},
		{2, "-threads -1", []string{"-threads", "-1"}},
		{2, `"fast"`, []string{"-blas", "fast"}},
		{2, `set data.task = "mask", or model.causal = true`, []string{"-model", "encoder", "-set", "model.causal=false"}},
		{1, "no/such.toml", []string{"-config", "no/such.toml"}},
		{1, "no/such/run is not a run", []string{"-resume", "no/such/run"}},
		{2, "heads = 3 does not divide dim = 16", small("-heads", "3", "-data", "no/such.txt")},
		{2, "kv_heads = 3 does not divide heads = 2", small("-model", "llama", "-set", "model.kv_heads=3")},
		{2, "layers = 0", []string{"-config", file(t, "run.toml", "[model]\nlayers = 0\n")}},
		{2, "batch = 0", small("-batch", "0")},
		{2, "-eval moved to its own command: go run ./cmd/evaluate -run DIR", []string{"-eval", "runs/x"}},
		{2, "-eval-beam moved to its own command: go run ./cmd/evaluate -run DIR -beam", []string{"-eval-beam", "4", "-eval", "runs/x"}},
		{2, "give -graph FILE", small("-graph-ops")},
		{2, "give -graph FILE", small("-graph-under", "h0")},
		{1, "empty", small("-data", file(t, "empty.txt", ""))},
		{1, "short.txt", small("-data", file(t, "short.txt", "just a word"))},
		{1, "no/such.txt", small("-data", "no/such.txt")},
		{1, "offset 14", small("-data", file(t, "invalid.txt", "this is text. \xff and more"), "-set", "data.invalid=refuse")},
	})
}

// losses are those that a run's metrics.jsonl holds.
func losses(t *testing.T, dir string) (all []float64) {
	t.Helper()
	records, err := runfile.ReadMetrics(filepath.Join(dir, "metrics.jsonl"))
	require.NoError(t, err)
	for _, r := range records {
		all = append(all, r.Values["loss"])
	}
	return all
}

// A run killed at any moment continues from its last save with the losses, to the bit, of
// one that was left alone; so does one that was interrupted.
func TestKilledAndResumed(t *testing.T) {
	text := book.Excerpt(t, 20000)
	args := func(dir string) []string {
		return small("-data", text, "-steps", "300", "-dropout", "0.1", "-eval-every", "100", "-save-every", "20", "-out", dir)
	}
	whole := filepath.Join(t.TempDir(), "whole")
	code, _, stderr := call(t, "train", args(whole)...)
	require.Equal(t, 0, code, stderr)
	want := losses(t, whole)
	require.Len(t, want, 300)
	for _, signal := range []os.Signal{syscall.SIGKILL, os.Interrupt} {
		dir := filepath.Join(t.TempDir(), "run")
		c, _, stderr := process(t, "train", args(dir)...)
		require.NoError(t, c.Start())
		require.Eventually(t, func() bool { // some way past a save
			records, err := runfile.ReadMetrics(filepath.Join(dir, "metrics.jsonl"))
			return err == nil && len(records) > 50
		}, 30*time.Second, time.Millisecond)
		require.NoError(t, c.Process.Signal(signal))
		err := c.Wait()
		if signal == os.Interrupt {
			require.Error(t, err)
			assert.Equal(t, 130, c.ProcessState.ExitCode(), stderr)
			assert.Contains(t, stderr.String(), "continue with -resume "+dir)
		}
		code, _, errs := call(t, "train", "-resume", dir)
		require.Equal(t, 0, code, errs)
		assert.Equal(t, want, losses(t, dir), "after %v", signal)
	}
}
