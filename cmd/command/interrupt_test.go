package command

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// interrupt runs a command, sends it a signal once it has printed ready on stderr, and
// checks that it ends soon, with exit code 130 and nothing but one line more: within a second on a
// machine that is not busy with other tests, where it would else take a minute.
func interrupt(t *testing.T, sig os.Signal, stdin io.Reader, ready, name string, args ...string) {
	t.Helper()
	c, _, _ := process(t, name, args...)
	c.Stdin, c.Stderr = nil, nil
	if stdin != nil {
		c.Stdin = stdin
	}
	pipe, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	var stderr strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(stderr.String(), ready) {
		n, err := pipe.Read(buf)
		stderr.Write(buf[:n])
		require.NoError(t, err, "%s ended before it printed %q: %s", name, ready, stderr.String())
	}
	time.Sleep(200 * time.Millisecond) // into the middle of it
	at := time.Now()
	require.NoError(t, c.Process.Signal(sig))
	rest, _ := io.ReadAll(pipe)
	require.Error(t, c.Wait(), "%s was over before it was interrupted", name)
	assert.Less(t, time.Since(at), 10*time.Second, "%s %v", name, args)
	assert.Equal(t, 130, c.ProcessState.ExitCode(), "%s", rest)
	assert.Contains(t, string(rest), name+": interrupted")
}

// What waits for standard input ends at the first Ctrl-C, and so does what takes long.
func TestInterrupted(t *testing.T) {
	dir := newRun(t)
	waiting := func() io.Reader { // a pipe that nothing is written to
		r, w, err := os.Pipe()
		require.NoError(t, err)
		t.Cleanup(func() { r.Close(); w.Close() })
		return r
	}
	interrupt(t, os.Interrupt, waiting(), "precision:", "generate", "-run", dir, "-interactive")
	interrupt(t, syscall.SIGTERM, waiting(), "precision:", "generate", "-run", dir, "-prompts", "/dev/stdin")
	interrupt(t, os.Interrupt, waiting(), "precision:", "evaluate", "-run", dir, "-score", "/dev/stdin")
	interrupt(t, os.Interrupt, nil, "precision:", "generate", "-run", dir, "-prompt", "a", "-tokens", "100000000", "-stream=false")
	big := file(t, "big.txt", strings.Repeat("The Rays of Light which differ in Colour differ also in Refrangibility. ", 200000))
	interrupt(t, os.Interrupt, nil, "precision:", "evaluate", "-run", dir, "-score", big)
	interrupt(t, os.Interrupt, nil, "arithmetic:", "train", "-data", big, "-tokenizer", "bpe")
	// The last evaluation, of more text than would take a minute, comes after the save.
	out := filepath.Join(t.TempDir(), "run")
	interrupt(t, syscall.SIGTERM, nil, "training 3/3 validating", "train", "-data", big, "-out", out, "-steps", "3", "-set", "training.final_eval_tokens=100000000")
	assert.FileExists(t, filepath.Join(out, "weights.safetensors"))
	assert.FileExists(t, filepath.Join(out, "state.safetensors"))
}

// At -interactive, Ctrl-C stops an answer, and ends the program while none is generated.
func TestInterruptedAnswer(t *testing.T) {
	c, _, _ := process(t, "generate", "-run", newRun(t), "-interactive", "-tokens", "100000000")
	c.Stdout, c.Stderr = nil, nil
	in, err := c.StdinPipe()
	require.NoError(t, err)
	answers, err := os.Create(filepath.Join(t.TempDir(), "answers"))
	require.NoError(t, err)
	defer answers.Close()
	c.Stdout = answers
	pipe, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	stderr := bufio.NewReader(pipe)
	for range 2 {
		before, err := answers.Stat()
		require.NoError(t, err)
		_, err = io.WriteString(in, "The\n")
		require.NoError(t, err)
		require.Eventually(t, func() bool { // it is in the middle of an answer that would take minutes
			now, err := answers.Stat()
			return err == nil && now.Size() > before.Size()+40
		}, time.Minute, 10*time.Millisecond)
		require.NoError(t, c.Process.Signal(os.Interrupt))
		for line := ""; line != "stopped; Ctrl-C ends the program now\n"; {
			line, err = stderr.ReadString('\n')
			require.NoError(t, err)
		}
	}
	require.NoError(t, c.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(stderr)
	require.NoError(t, err)
	require.Error(t, c.Wait())
	assert.Equal(t, 130, c.ProcessState.ExitCode())
	assert.Equal(t, "generate: interrupted\n", string(rest))
}
