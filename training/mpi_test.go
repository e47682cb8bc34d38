package training

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel/parallel"
	"euryale/internal/mpi"
	"euryale/internal/ranks"
	"euryale/training/rundir"
)

// Under a launcher the test binary trains the runs of the directory that rankJob names; with rankVictim,
// that rank kills itself at step 35.
const (
	rankJob    = "EURYALE_TRAINING_TEST_JOB"
	rankVictim = "EURYALE_TRAINING_TEST_VICTIM"
)

func TestMain(m *testing.M) {
	dir := os.Getenv(rankJob)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := trainAll(dir); err != nil {
		fmt.Fprintf(os.Stderr, "rank %d: %v\n", mpi.Rank(), err)
		os.Exit(1)
	}
}

// trainAll trains a run of each configuration in dir, or resumes it, one after the other in one job: to
// start ranks takes longer than to train a small model.
func trainAll(dir string) error {
	g, err := mpi.Open(time.Minute)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		c, err := Parse(file, nil)
		if err != nil {
			return err
		}
		parallel.SetThreads(c.Training.Workers)
		if err := trainOne(g, c, strings.TrimSuffix(file, ".toml")); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return g.Close()
}

func trainOne(g ranks.Group, c Config, dir string) error {
	start := &Start{Ranks: g}
	open := func() (*Run, error) { return start.New(c, dir, nil) }
	saved := rundir.Holds(dir, rundir.State)
	if err := g.Barrier(); err != nil { // all have looked before rank 0 writes
		return err
	}
	if saved {
		open = func() (*Run, error) { return start.Resume(dir, nil, nil) }
	}
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	r.Watch.Step = func(s Step) {
		if os.Getenv(rankVictim) == strconv.Itoa(g.Rank()) && s.N == 35 {
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		}
	}
	return r.Train(context.Background())
}

// rankLaunchers start n ranks of a program.
var rankLaunchers = map[string][]string{
	"Open MPI": {"mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n"},
	"MPICH":    {"mpiexec.mpich", "-n"},
}

// launch trains the runs of dir on n ranks, and returns the launcher's exit code and what was printed.
func launch(t *testing.T, command []string, n int, dir string, victim int) (code int, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], append(slices.Clone(command[1:]), strconv.Itoa(n), os.Args[0])...)
	cmd.Env = append(os.Environ(), rankJob+"="+dir, rankVictim+"="+strconv.Itoa(victim))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// writeJob writes configurations to a new directory, and returns it.
func writeJob(t *testing.T, configs map[string]Config) string {
	dir := t.TempDir()
	for name, c := range configs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".toml"), []byte(c.String()), 0o666))
	}
	return dir
}

// weightsOf returns the weights of the runs in dir, by name.
func weightsOf(t *testing.T, dir string, names []string) map[string]string {
	all := map[string]string{}
	for _, name := range names {
		all[name] = string(read(t, filepath.Join(dir, name), rundir.Weights))
	}
	return all
}

// The weights after 60 steps have the same bits on {1, 2, 4} ranks with {1, 2} workers, under Open MPI and
// MPICH, and after a rank of 4 was killed and the run resumed on 2. EURYALE_MPI_STEPS sets another number
// of steps. With -short MPICH has 2 ranks only, and only the gpt is killed.
func TestWeightsUnderMPI(t *testing.T) {
	if os.Getenv("EURYALE_TEST_MPI") == "" {
		t.Skip("starts ranks only with EURYALE_TEST_MPI=1 go test ./training -run UnderMPI")
	}
	var sets []string
	if steps := os.Getenv("EURYALE_MPI_STEPS"); steps != "" {
		sets = append(sets, "training.steps="+steps)
	}
	configs, want, names := map[string]Config{}, map[string]string{}, []string{}
	for _, name := range []string{"gpt", "lstm", "transformer"} {
		c := shared(t, name, append([]string{"model.layers=1", "training.save_every=20", "training.sample=0"}, sets...)...)
		dir := filepath.Join(t.TempDir(), "run")
		_, _ = onRanks(t, 1, 0, newOn(c, dir))
		for workers := 1; workers <= 2; workers++ {
			c.Training.Workers = workers
			of := fmt.Sprintf("%s-%d", name, workers)
			configs[of], want[of], names = c, string(read(t, dir, rundir.Weights)), append(names, of)
		}
	}
	for name, command := range rankLaunchers {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(command[0]); err != nil {
				t.Skipf("%s is not installed (Debian: apt install openmpi-bin mpich)", command[0])
			}
			counts, killed := []int{1, 2, 4}, []string{"gpt-1", "lstm-1", "transformer-1"}
			if testing.Short() {
				killed = killed[:1]
				if name == "MPICH" {
					counts = []int{2}
				}
			}
			for _, n := range counts {
				dir := writeJob(t, configs)
				code, text := launch(t, command, n, dir, -1)
				require.Zero(t, code, text)
				assert.True(t, assert.ObjectsAreEqual(want, weightsOf(t, dir, names)), "%d ranks: other weights", n)
			}
			killThenResume(t, command, configs, want, killed)
		})
	}
}

// killThenResume kills the last of 4 ranks in the middle of each of the runs, and resumes all on 2.
func killThenResume(t *testing.T, command []string, configs map[string]Config, want map[string]string, names []string) {
	all := t.TempDir()
	for _, name := range names {
		dir := writeJob(t, map[string]Config{name: configs[name]})
		code, text := launch(t, command, 4, dir, 3)
		require.NotZero(t, code, text)
		require.NoError(t, os.Rename(filepath.Join(dir, name), filepath.Join(all, name)))
		require.NoError(t, os.Rename(filepath.Join(dir, name+".toml"), filepath.Join(all, name+".toml")))
		require.NotEqual(t, want[name], weightsOf(t, all, []string{name})[name], "it had not ended")
	}
	code, text := launch(t, command, 2, all, -1)
	require.Zero(t, code, text)
	for _, name := range names {
		assert.True(t, want[name] == weightsOf(t, all, []string{name})[name], "%s: other weights after the resumption", name)
	}
}
