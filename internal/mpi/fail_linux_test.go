//go:build amd64 || arm64

package mpi

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func init() {
	jobs["hang"], jobs["abort"], jobs["kill"], jobs["wrong call"], jobs["mixed"] = hang, abortJob, killRank, wrongCall, mixed
}

// hang lets rank 0 wait for rank 1, which does not come.
func hang() error {
	c, err := join(0)
	if err != nil {
		return err
	}
	if c.rank == 1 {
		select {} // until the job ends
	}
	c.thread.limit = time.Second
	err = c.AllGather(make([]byte, 8), []int{4, 8})
	if again := c.Barrier(); !errors.Is(again, err) {
		return fmt.Errorf("after %w: %w", err, again)
	}
	fmt.Println(err)
	c.Abort(5)
	return nil
}

func TestWatchdog(t *testing.T) {
	eachLauncher(t, func(t *testing.T, command []string) {
		out, code := start(t, command, 2, "hang")
		assert.Equal(t, 5, code, out)
		assert.Contains(t, out, "MPI_Iallgatherv of 8 bytes has not returned in 1s: another rank hangs, or the network is cut (-watchdog sets the limit)")
	})
}

// abortJob lets rank 1 end a job whose other ranks wait.
func abortJob() error {
	c, err := join(2 * time.Minute)
	if err != nil {
		return err
	}
	if c.rank == 1 {
		c.Abort(42)
	}
	return c.Barrier()
}

func killRank() error {
	c, err := join(2 * time.Minute)
	if err != nil {
		return err
	}
	if c.rank == 1 {
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return c.Barrier()
}

// A rank that aborts or is killed ends the job in less than five seconds, with an exit code
// other than 0.
func TestRankEnds(t *testing.T) {
	eachLauncher(t, func(t *testing.T, command []string) {
		for job, want := range map[string][]int{"abort": {42}, "kill": {137, 9}} {
			begin := time.Now()
			out, code := start(t, command, 3, job)
			assert.Contains(t, want, code, "%s: %s", job, out)
			t.Logf("%s: the job ends after %.1f s", job, time.Since(begin).Seconds())
		}
	})
}

// wrongCall broadcasts from a rank that does not exist.
func wrongCall() error {
	c, err := join(2 * time.Minute)
	if err != nil {
		return err
	}
	err = c.Broadcast(make([]byte, 8), 7)
	if err == nil || !strings.HasPrefix(err.Error(), "MPI_Ibcast: ") || !strings.HasSuffix(err.Error(), "("+c.version+")") {
		return fmt.Errorf("got %w", err)
	}
	return c.Close()
}

func TestErrorNamesTheCall(t *testing.T) {
	eachLauncher(t, func(t *testing.T, command []string) {
		out, code := start(t, command, 1, "wrong call")
		require.Zero(t, code, out)
	})
}

// mixed lets rank 1 open a library that is not the launcher's.
func mixed() error {
	if Rank() == 1 {
		for _, other := range []string{openMPI[0], mpich[0]} {
			if strings.Contains(other, os.Getenv("OTHER_LIBRARY")) {
				os.Setenv(LibraryVariable, other)
			}
		}
	}
	_, err := join(5 * time.Second) // MPICH's launcher lets the others wait
	return err
}

func TestOtherLibrary(t *testing.T) {
	for i, l := range launchers {
		t.Run(l.name, func(t *testing.T) {
			other := launchers[1-i]
			requireLauncher(t, l.command[0])
			requireLauncher(t, other.command[0])
			out, code := start(t, l.command, 2, "mixed", "OTHER_LIBRARY="+[]string{"libmpich", "libmpi.so.40"}[i])
			assert.NotZero(t, code, out)
			assert.Contains(t, out, "says rank 0 of 1: it is not the launcher's library; start with the mpirun of "+other.name)
			assert.Contains(t, out, LibraryVariable)
		})
	}
}

// The launcher's environment is seen, and no library is there.
func TestNoLibrary(t *testing.T) {
	t.Setenv("OMPI_COMM_WORLD_SIZE", "2")
	t.Setenv(LibraryVariable, "libnosuchmpi.so.7")
	_, err := Open(time.Second)
	require.ErrorContains(t, err, "libnosuchmpi.so.7")
	require.ErrorContains(t, err, "install it")
	t.Setenv(LibraryVariable, "libc.so.6")
	_, err = Open(time.Second)
	require.ErrorContains(t, err, "libc.so.6 is not an MPI library: no symbol MPI_")
}
