// Package parallel runs loops on persistent worker goroutines: Each calls a function
// for every index and costs less than a microsecond.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"

	"euryale/internal/kernel"
)

// parked is added to task.running by a caller that sleeps on task.done.
const parked = 1 << 30

// task is one call of Each. The caller and the workers that run it take indices
// from a shared counter until none are left.
type task struct {
	n       int64
	f       func(int)
	next    atomic.Int64
	running atomic.Int64 // workers that have the task, plus parked if the caller sleeps
	done    chan struct{}
	failed  atomic.Pointer[failure]
}

// failure is the first panic in a task's function.
type failure struct{ value any }

var tasks = sync.Pool{New: func() any { return &task{done: make(chan struct{}, 1)} }}

// Each runs f(0) … f(n-1) on this goroutine and the idle workers, and returns
// when all are done. The order is undefined, so f(i) must not depend on f(j). If
// no worker is idle, as in a nested call, it runs inline. After a panic in f no
// further index is started, and Each panics with the same value. Each does not
// allocate.
func Each(n int, f func(i int)) {
	if n <= 1 {
		if n == 1 {
			f(0)
		}
		return
	}
	ws := currentWorkers()
	if !ws.anyIdle() {
		for i := range n {
			f(i)
		}
		return
	}
	t := tasks.Get().(*task)
	t.n, t.f = int64(n), f
	t.next.Store(0)
	t.run(ws)
	failed := t.failed.Swap(nil)
	t.f = nil
	tasks.Put(t)
	if failed != nil {
		panic(failed.value)
	}
}

// Shards runs f(0) … f(n-1) on up to Threads goroutines and returns when all are
// done. It is for the shards of a batch, each of which occupies a worker for a
// training step. A call of Each in a shard runs inline, unless fewer shards than
// workers are left.
func Shards(n int, f func(i int)) { Each(n, f) }

// run offers the task to idle workers, works on it and waits for its end. retract and
// wait are deferred, because f may call runtime.Goexit.
func (t *task) run(ws workers) {
	defer t.wait()
	defer ws.retract(t)
	ws.offer(t, int(t.n)-1)
	t.work()
}

// work runs indices until none are left. A panic in f ends the task.
func (t *task) work() {
	finished := false
	defer func() {
		if finished {
			return
		}
		t.next.Store(t.n)
		value := recover()
		if value == nil {
			value = &kernel.Error{Op: "parallel.Each", Msg: "the function ended its goroutine (runtime.Goexit)"}
		}
		t.failed.CompareAndSwap(nil, &failure{value})
	}()
	for i := t.next.Add(1) - 1; i < t.n; i = t.next.Add(1) - 1 {
		t.f(int(i))
	}
	finished = true
}

// wait returns when no worker has the task any more. It spins for spinTime, then
// sleeps.
func (t *task) wait() {
	if spin(func() bool { return t.running.Load() == 0 }) {
		return
	}
	if t.running.Add(parked) != parked {
		<-t.done
	}
	t.running.Store(0)
}

// release ends the work of a worker on the task, and wakes a sleeping caller. The
// worker must not use the task afterwards.
func (t *task) release() {
	if t.running.Add(-1) == parked {
		t.done <- struct{}{}
	}
}

// threads is the number set by SetThreads, or 0 for the default.
var threads atomic.Int64

// Threads returns the number of goroutines that compute at once: the caller and
// Threads-1 workers.
func Threads() int {
	if n := threads.Load(); n > 0 {
		return int(n)
	}
	return runtime.GOMAXPROCS(0)
}

// SetThreads sets the number of goroutines that compute at once, including the
// caller of Each; n < 1 restores the default, GOMAXPROCS.
func SetThreads(n int) {
	threads.Store(int64(max(n, 0)))
	rebuild.Lock()
	defer rebuild.Unlock()
	if old := current.Swap(nil); old != nil {
		old.stop()
	}
}
