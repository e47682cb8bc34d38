package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
	"euryale/internal/kernel/matmul"
	"euryale/internal/runfile"
)

// The test binary is the command when this variable is set.
const asCommand = "EURYALE_TEST_AS_TRAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// command is train with arguments, ready to start.
func command(t *testing.T, args ...string) (c *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c = exec.Command(self, args...)
	c.Env = append(os.Environ(), asCommand+"=1")
	c.Dir = t.TempDir()
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	c.Stdout, c.Stderr = stdout, stderr
	return c, stdout, stderr
}

// call runs train to its end.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	c, out, errs := command(t, args...)
	if err := c.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

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
	code, stdout, stderr := call(t, small("-data", book.Excerpt(t, 20000), "-steps", "20", "-out", dir)...)
	require.Equal(t, 0, code, stderr)
	assert.GreaterOrEqual(t, len(stdout), 30, "the sample")
	assert.Contains(t, stderr, "arithmetic: ")
	assert.Contains(t, stderr, fmt.Sprintf("precision: %s (products of ", matmul.DefaultPrecision()))
	assert.Contains(t, stderr, "validation")
	assert.FileExists(t, filepath.Join(dir, "loss.png"))
}

func TestDescribeAndCheck(t *testing.T) {
	code, stdout, stderr := call(t, small("-data", book.Excerpt(t, 20000), "-describe")...)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "h0/att/qkv/W")
	assert.Contains(t, stdout, "operations per token")
	code, _, stderr = call(t, small("-data", book.Excerpt(t, 20000), "-check")...)
	require.Equal(t, 0, code, stderr)
}

func TestHelpTeaches(t *testing.T) {
	code, stdout, _ := call(t, "-h")
	assert.Equal(t, 0, code)
	for _, want := range []string{"Examples", "-resume DIR", "-set KEY=VALUE", "Ctrl-C saves"} {
		assert.Contains(t, stdout, want)
	}
}

// What is wrong is said in one line with what to do, and the exit code tells misuse from
// failure.
func TestBadInput(t *testing.T) {
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
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
		{2, "-eval has no use for -set, -steps", []string{"-eval", "runs/x", "-eval-beam", "4", "-steps", "3", "-set", "model.dim=3"}},
		{2, "give -graph FILE", small("-graph-ops")},
		{2, "give -graph FILE", small("-graph-under", "h0")},
		{1, "empty", small("-data", file(t, "empty.txt", ""))},
		{1, "short.txt", small("-data", file(t, "short.txt", "just a word"))},
		{1, "no/such.txt", small("-data", "no/such.txt")},
		{1, "offset 14", small("-data", file(t, "invalid.txt", "this is text. \xff and more"), "-set", "data.invalid=refuse")},
	} {
		code, _, stderr := call(t, c.args...)
		assert.Equal(t, c.code, code, "%q: %s", c.args, stderr)
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		last := lines[len(lines)-1]
		assert.True(t, strings.HasPrefix(last, "train: "), last)
		assert.Contains(t, last, c.want)
		assert.NotContains(t, stderr, "goroutine", "a stack trace")
	}
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

// A run killed at any moment goes on from its last save with the losses, to the bit, of
// one that was left alone; so does one that was interrupted.
func TestKilledAndResumed(t *testing.T) {
	text := book.Excerpt(t, 20000)
	args := func(dir string) []string {
		return small("-data", text, "-steps", "300", "-dropout", "0.1", "-eval-every", "100", "-save-every", "20", "-out", dir)
	}
	whole := filepath.Join(t.TempDir(), "whole")
	code, _, stderr := call(t, args(whole)...)
	require.Equal(t, 0, code, stderr)
	want := losses(t, whole)
	require.Len(t, want, 300)
	for _, signal := range []os.Signal{syscall.SIGKILL, os.Interrupt} {
		dir := filepath.Join(t.TempDir(), "run")
		c, _, stderr := command(t, args(dir)...)
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
			assert.Contains(t, stderr.String(), "go on with -resume "+dir)
		}
		code, _, errs := call(t, "-resume", dir)
		require.Equal(t, 0, code, errs)
		assert.Equal(t, want, losses(t, dir), "after %v", signal)
	}
}
