package parallel

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// spinTime is the time that a worker without work, and a caller that waits for a
// worker, spin before they sleep. Waking a sleeping thread costs 50–80 µs in a
// virtual machine, so that workers must not sleep between the products of a step; a
// millisecond is longer than these gaps and costs little when training ends.
const spinTime = time.Millisecond

// worker is a persistent goroutine with a slot for its next task.
type worker struct {
	slot    atomic.Pointer[task]
	busy    atomic.Bool // from the offer of a task until its release
	asleep  atomic.Bool
	wake    chan struct{}
	stopped atomic.Bool
	_       [64]byte // workers are polled by their own core: no shared cache line
}

// workers are the workers of one setting of Threads.
type workers []*worker

var (
	current atomic.Pointer[workers]
	rebuild sync.Mutex // guards changes of current
)

// currentWorkers returns the workers, and starts them at the first call.
func currentWorkers() workers {
	if ws := current.Load(); ws != nil {
		return *ws
	}
	return startWorkers()
}

// startWorkers starts the workers, unless another goroutine has just started them.
func startWorkers() workers {
	rebuild.Lock()
	defer rebuild.Unlock()
	if ws := current.Load(); ws != nil {
		return *ws
	}
	ws := make(workers, Threads()-1)
	for i := range ws {
		ws[i] = &worker{wake: make(chan struct{}, 1)}
		go ws[i].loop()
	}
	current.Store(&ws)
	return ws
}

// stop stops the workers, each after its current task.
func (ws workers) stop() {
	for _, w := range ws {
		w.stopped.Store(true)
		w.wakeUp()
	}
}

// Workers returns the number of workers, without the caller: Threads-1 at the time of
// their start.
func Workers() int { return len(currentWorkers()) }

// AnyIdle reports whether a worker is idle, so that a call of Each would run in parallel.
func AnyIdle() bool { return currentWorkers().anyIdle() }

func (ws workers) anyIdle() bool {
	for _, w := range ws {
		if !w.busy.Load() {
			return true
		}
	}
	return false
}

// offer puts the task in the slots of at most limit idle workers.
func (ws workers) offer(t *task, limit int) {
	for _, w := range ws {
		if limit == 0 {
			return
		}
		if w.stopped.Load() || !w.busy.CompareAndSwap(false, true) {
			continue
		}
		t.running.Add(1)
		w.slot.Store(t)
		w.wakeUp()
		limit--
	}
}

// retract withdraws the task from workers that have not started it, so that the
// caller never waits for a sleeping worker to wake up.
func (ws workers) retract(t *task) {
	for _, w := range ws {
		if w.slot.Load() == t && w.slot.CompareAndSwap(t, nil) {
			t.running.Add(-1)
			w.busy.Store(false)
		}
	}
}

// wakeUp wakes the worker if it sleeps.
func (w *worker) wakeUp() {
	if w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
}

// loop serves tasks until the worker is stopped.
func (w *worker) loop() {
	debug.SetPanicOnFault(true) // a fault in a mapped file reaches the caller of Each as a panic
	defer func() {
		if !w.stopped.Load() { // the task's function called runtime.Goexit
			go w.loop()
		}
	}()
	ready := func() bool { return w.slot.Load() != nil || w.stopped.Load() }
	for {
		if !spin(ready) {
			w.sleep(ready)
		}
		if t := w.slot.Swap(nil); t != nil {
			w.serve(t)
		} else if w.stopped.Load() && w.busy.CompareAndSwap(false, true) {
			return // busy remains set, so that no task is offered any more
		}
	}
}

// serve runs the task. The release is deferred, because after a Goexit in the task the
// caller would wait forever.
func (w *worker) serve(t *task) {
	defer func() {
		w.busy.Store(false)
		t.release()
	}()
	t.work()
}

// sleep blocks until wakeUp is called, or returns at once if ready reports true.
func (w *worker) sleep(ready func() bool) {
	w.asleep.Store(true)
	if ready() && w.asleep.CompareAndSwap(true, false) {
		return
	}
	<-w.wake
}

// spin polls ready for up to spinTime and returns its last result. With one processor
// it does not spin, because no other goroutine can run meanwhile.
func spin(ready func() bool) bool {
	if ready() {
		return true
	}
	if runtime.GOMAXPROCS(0) == 1 {
		return false
	}
	start := time.Now()
	for {
		for range 64 {
			pause()
			if ready() {
				return true
			}
		}
		// Yield to the garbage collector and other goroutines.
		runtime.Gosched()
		if time.Since(start) > spinTime {
			return ready()
		}
	}
}
