//go:build amd64 || arm64

package mpi

import (
	"fmt"
	"math/bits"
	"runtime"
	"time"
)

// thread makes every call of the library on one system thread, as MPI_THREAD_FUNNELED
// demands.
type thread struct {
	calls chan call
	limit time.Duration // of a call; 0: none
	stuck error         // of a call that has not returned; no other can be made
}

type call struct {
	f    func() error
	done chan error
}

func startThread(limit time.Duration, rank int) *thread {
	t := &thread{calls: make(chan call), limit: limit}
	if limit > 0 && rank > 0 {
		t.limit += time.Duration(bits.Len(uint(rank))) * 2 * time.Second // the lowest rank reports first
	}
	go func() {
		runtime.LockOSThread() // until the process ends
		for c := range t.calls {
			c.done <- c.f()
		}
	}()
	return t
}

// do runs f, which makes the named call with n bytes of this rank, on the thread. When it
// takes longer than the limit, do returns an error while f still runs.
func (t *thread) do(name string, n int, f func() error) error {
	if t.stuck != nil {
		return t.stuck
	}
	c := call{f, make(chan error, 1)}
	t.calls <- c
	var late <-chan time.Time
	if t.limit > 0 {
		timer := time.NewTimer(t.limit)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case err := <-c.done:
		return err
	case <-late:
		t.stuck = fmt.Errorf("%s of %d bytes has not returned in %v: another rank hangs, or the network is cut (-watchdog sets the limit)", name, n, t.limit)
		return t.stuck
	}
}

// try runs f on the thread if that is idle, and otherwise on another one, which is the last
// thing a process does.
func (t *thread) try(f func() error) {
	c := call{f, make(chan error, 1)}
	select {
	case t.calls <- c:
	case <-time.After(100 * time.Millisecond):
		go f()
	}
}
