// Package parallel shares work among persistent goroutines: Each runs a function
// for every index on all of them, and costs less than a microsecond.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"

	"euryale/internal/kernel"
)

// parked is added to task.running by a caller that sleeps on task.done.
const parked = 1 << 30

// task is one call of Each: indices that the caller and the workers that
// joined it draw from a common counter until none are left.
type task struct {
	n       int64
	f       func(int)
	next    atomic.Int64
	running atomic.Int64 // workers that have the task, plus parked
	done    chan struct{}
	failed  atomic.Pointer[failure]
}

// failure is the first panic in a task's function.
type failure struct{ value any }

var tasks = sync.Pool{New: func() any { return &task{done: make(chan struct{}, 1)} }}

// Each runs f(0) … f(n-1), on this goroutine and whichever workers are idle,
// and returns when all are done. The order is undefined, so f(i) must not
// depend on f(j). A call from inside f finds the workers busy and runs inline.
// A panic in f keeps the indices not yet begun from running and is raised
// again in the caller. Each itself allocates nothing.
func Each(n int, f func(i int)) {
	if n <= 1 {
		if n == 1 {
			f(0)
		}
		return
	}
	crew := currentCrew()
	if !crew.anyIdle() {
		for i := range n {
			f(i)
		}
		return
	}
	t := tasks.Get().(*task)
	t.n, t.f = int64(n), f
	t.next.Store(0)
	t.run(crew)
	failed := t.failed.Swap(nil)
	t.f = nil
	tasks.Put(t)
	if failed != nil {
		panic(failed.value)
	}
}

// Shards runs f(0) … f(n-1) on up to Threads workers at once and returns when
// all are done: for the shards of a batch, which each keep a worker busy for a
// whole training step. A call of Each inside a shard finds no idle worker,
// unless there are fewer shards left than workers, and runs inline.
func Shards(n int, f func(i int)) { Each(n, f) }

// run offers the task, takes part in it and sees it to its end; the last two
// deferred, because f may call runtime.Goexit.
func (t *task) run(c crew) {
	defer t.wait()
	defer c.retract(t)
	c.offer(t, int(t.n)-1)
	t.work()
}

// work runs indices until none are left. A panic ends the task.
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

// wait returns when no worker has the task any more: it spins for as long as
// a worker does, then sleeps.
func (t *task) wait() {
	if spin(func() bool { return t.running.Load() == 0 }) {
		return
	}
	if t.running.Add(parked) != parked {
		<-t.done
	}
	t.running.Store(0)
}

// leave is a worker's last touch of the task.
func (t *task) leave() {
	if t.running.Add(-1) == parked {
		t.done <- struct{}{}
	}
}

// threads is the number set by SetThreads, and 0 before.
var threads atomic.Int64

// Threads returns how many goroutines compute at once: the caller and
// Threads-1 workers.
func Threads() int {
	if n := threads.Load(); n > 0 {
		return int(n)
	}
	return runtime.GOMAXPROCS(0)
}

// SetThreads sets the number of goroutines that compute at once, callers of
// Each included; n < 1 restores the default, GOMAXPROCS.
func SetThreads(n int) {
	threads.Store(int64(max(n, 0)))
	rebuild.Lock()
	defer rebuild.Unlock()
	if old := workers.Swap(nil); old != nil {
		old.dismiss()
	}
}
