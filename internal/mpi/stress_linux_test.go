//go:build amd64 || arm64

package mpi

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
	"euryale/internal/ranks/rankstest"
)

func init() { jobs["stress"] = stress }

// stressVariable says for how many seconds the ranks of a stress test run, as 30.
const stressVariable = "EURYALE_MPI_STRESS"

// stress calls collectives while goroutines make garbage, grow stacks, collect, recover from
// dereferencing nil, send signals and start processes.
func stress() error {
	seconds, err := strconv.ParseFloat(os.Getenv(stressVariable), 64)
	if err != nil {
		return err
	}
	c, err := join(2 * time.Minute)
	if err != nil {
		return err
	}
	var ended atomic.Bool
	var all sync.WaitGroup
	signal.Notify(make(chan os.Signal, 1), syscall.SIGUSR1, syscall.SIGHUP)
	for _, f := range []func(){makeGarbage, makeGarbage, runtime.GC, sendSignals, runProcess, derefNil} {
		all.Go(func() {
			for !ended.Load() {
				f()
			}
		})
	}
	rounds := 0
	for start := time.Now(); ; rounds++ {
		over := []int64{0}
		if c.rank == 0 && time.Since(start).Seconds() > seconds {
			over[0] = 1
		}
		if err := ranks.Broadcast(c, over, 0); err != nil {
			return err
		}
		if over[0] == 1 {
			break
		}
		n := rand.New(rand.NewPCG(uint64(rounds), 1)).IntN(100_000)
		if err := rankstest.Check(c, n); err != nil {
			return err
		}
	}
	ended.Store(true)
	all.Wait()
	if c.rank == 0 {
		fmt.Println("rounds:", rounds)
	}
	return c.Close()
}

var kept atomic.Pointer[[]byte]

func makeGarbage() {
	b := make([]byte, 1+rand.IntN(1<<16))
	kept.Store(&b)
	deep(200)
}

func deep(n int) int {
	var frame [512]byte
	if n > 0 {
		frame[n%512] = byte(deep(n - 1))
	}
	return int(frame[n%512])
}

func sendSignals() {
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGURG} {
		_ = syscall.Kill(os.Getpid(), s) // to a process that exists
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic(err)
	}
	for _, t := range tasks { // the library's own threads too
		id, _ := strconv.Atoi(t.Name())
		_, _, _ = syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(os.Getpid()), uintptr(id), uintptr(syscall.SIGURG))
	}
	time.Sleep(time.Millisecond)
}

func runProcess() {
	if err := exec.Command("true").Run(); err != nil {
		panic(err)
	}
	time.Sleep(10 * time.Millisecond)
}

// derefNil panics in a way that Go turns a signal into, and recovers.
func derefNil() {
	defer func() {
		if recover() == nil {
			panic("no panic")
		}
		time.Sleep(time.Millisecond)
	}()
	var p *int
	*p = 1
}

// TestStress takes 1.5 seconds with each launcher, or EURYALE_MPI_STRESS seconds.
func TestStress(t *testing.T) {
	seconds := os.Getenv(stressVariable)
	if seconds == "" {
		seconds = "1.5"
	}
	eachLauncher(t, func(t *testing.T, command []string) {
		out, code := start(t, command, 2, "stress", stressVariable+"="+seconds)
		require.Zero(t, code, out)
		assert.Regexp(t, `^rounds: [1-9]`, out)
		t.Log(out)
	})
}

// UCX, which Open MPI uses on InfiniBand, takes Go's signals.
func TestUCX(t *testing.T) {
	command := launchers[0].command
	requireLauncher(t, command[0])
	command = append([]string{command[0], "--mca", "pml", "ucx", "--mca", "pml_ucx_tls", "any", "--mca", "pml_ucx_devices", "any", "-x", "UCX_TLS=tcp,self,sysv"}, command[1:]...)
	out, code := start(t, command, 2, "stress", stressVariable+"=0.3")
	require.Zero(t, code, out)
	assert.Contains(t, out, "rounds: ")
}
