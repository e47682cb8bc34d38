package mpi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// jobs are what the ranks of a test do: the test binary runs itself under a launcher, with
// the name of the job in jobVariable.
var jobs = map[string]func() error{}

const jobVariable = "EURYALE_MPI_TEST_JOB"

func TestMain(m *testing.M) {
	job := jobs[os.Getenv(jobVariable)]
	if job == nil {
		os.Exit(m.Run())
	}
	if err := job(); err != nil {
		fmt.Fprintf(os.Stderr, "rank %d fails: %v\n", Rank(), err)
		os.Exit(1)
	}
	os.Exit(0)
}

// launchers are the commands of Debian's packages that start n ranks of a program.
var launchers = []struct {
	name    string
	command []string
}{
	{"Open MPI", []string{"mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n"}},
	{"MPICH", []string{"mpiexec.mpich", "-n"}},
}

// eachLauncher runs a test with each launcher, and skips those that are not installed.
func eachLauncher(t *testing.T, test func(t *testing.T, command []string)) {
	for _, l := range launchers {
		t.Run(l.name, func(t *testing.T) {
			requireLauncher(t, l.command[0])
			test(t, l.command)
		})
	}
}

// launchVariable is set where tests start ranks. These spin while they wait, so that beside the tests of
// other packages an exchange can take as long as the watchdog.
const launchVariable = "EURYALE_TEST_MPI"

// requireLauncher skips a test whose launcher is not installed, or which is not to start ranks.
func requireLauncher(t *testing.T, command string) {
	if os.Getenv(launchVariable) == "" {
		t.Skipf("starts ranks only with %s=1 go test ./internal/mpi", launchVariable)
	}
	if _, err := exec.LookPath(command); err != nil {
		t.Skipf("%s is not installed (Debian: apt install openmpi-bin mpich)", command)
	}
}

// start runs a job on n ranks, and returns what they print and their launcher's exit code.
// It fails if that takes more than three minutes.
func start(t *testing.T, command []string, n int, job string, environment ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	args := append(append([]string{}, command[1:]...), strconv.Itoa(n), os.Args[0])
	cmd := exec.CommandContext(ctx, command[0], args...)
	cmd.Env = append(append(os.Environ(), jobVariable+"="+job), environment...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // the launcher ends its ranks
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%d ranks have not ended in three minutes:\n%s", n, out.String())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String()), cmd.ProcessState.ExitCode()
}
