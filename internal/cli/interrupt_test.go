package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test binary is a command that this variable names.
const asCommand = "EURYALE_TEST_CLI"

func TestMain(m *testing.M) {
	runs := map[string]func(ctx context.Context) error{
		"deaf":   func(context.Context) error { fmt.Println("ready"); select {} },
		"saving": func(ctx context.Context) error { defer Saving(ctx)(); fmt.Println("ready"); select {} },
		"saved": func(ctx context.Context) error {
			defer Saving(ctx)()
			fmt.Println("ready")
			<-ctx.Done()
			time.Sleep(3 * grace)
			fmt.Println("saved")
			return fmt.Errorf("%w: continue", ErrInterrupted)
		},
		"listening": func(ctx context.Context) error { fmt.Println("ready"); <-ctx.Done(); return ctx.Err() },
	}
	if run := runs[os.Getenv(asCommand)]; run != nil {
		os.Exit(Main(NewFlags("test", "", ""), nil, os.Stdout, os.Stderr, run))
	}
	os.Exit(m.Run())
}

// started is a command that is running.
func started(t *testing.T, name string) (c *exec.Cmd, out *bufio.Reader) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c = exec.Command(self)
	c.Env = append(os.Environ(), asCommand+"="+name)
	pipe, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	out = bufio.NewReader(pipe)
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	return c, out
}

// A command ends soon after the first signal, whether it listens or not.
func TestFirstSignal(t *testing.T) {
	for _, name := range []string{"deaf", "listening"} {
		for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
			c, _ := started(t, name)
			at := time.Now()
			require.NoError(t, c.Process.Signal(sig))
			require.Error(t, c.Wait())
			assert.Less(t, time.Since(at), 10*time.Second, name)
			assert.Equal(t, Interrupted, c.ProcessState.ExitCode(), "%s, %v", name, sig)
		}
	}
}

// A command that saves its work is waited for; the second signal ends it at once.
func TestSavingAndSecondSignal(t *testing.T) {
	c, out := started(t, "saved")
	require.NoError(t, c.Process.Signal(os.Interrupt))
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "saved\n", line)
	require.Error(t, c.Wait())
	assert.Equal(t, Interrupted, c.ProcessState.ExitCode())

	c, _ = started(t, "saving")
	require.NoError(t, c.Process.Signal(os.Interrupt))
	time.Sleep(3 * grace)
	at := time.Now()
	require.NoError(t, c.Process.Signal(os.Interrupt), "it is still there")
	require.Error(t, c.Wait())
	assert.Less(t, time.Since(at), 10*time.Second, "it would wait for ever")
	assert.Equal(t, syscall.SIGINT, c.ProcessState.Sys().(syscall.WaitStatus).Signal(), "which a shell reports as 130")
}
