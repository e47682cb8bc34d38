package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// spinTime is how long a worker, and a caller waiting for one, looks for work
// before it sleeps. Waking a sleeping thread costs 50–80 µs in a virtual
// machine, so the gaps between the products of one step must not put it to
// sleep; a millisecond covers them and costs little when training ends.
const spinTime = time.Millisecond

// worker is a persistent goroutine and the slot in which it is offered a task.
type worker struct {
	slot   atomic.Pointer[task]
	busy   atomic.Bool // from the offer until the task has been left
	asleep atomic.Bool
	wake   chan struct{}
	gone   atomic.Bool
	_      [64]byte // workers are polled by their own core: no shared cache line
}

// crew is the set of workers for one setting of Threads.
type crew []*worker

var (
	workers atomic.Pointer[crew]
	rebuild sync.Mutex // guards replacing workers
)

// currentCrew returns the workers, started at the first use.
func currentCrew() crew {
	if c := workers.Load(); c != nil {
		return *c
	}
	return startCrew()
}

// startCrew starts the workers, unless another caller has just done so.
func startCrew() crew {
	rebuild.Lock()
	defer rebuild.Unlock()
	if c := workers.Load(); c != nil {
		return *c
	}
	c := make(crew, Threads()-1)
	for i := range c {
		c[i] = &worker{wake: make(chan struct{}, 1)}
		go c[i].loop()
	}
	workers.Store(&c)
	return c
}

// dismiss ends the workers, each after the task it may have.
func (c crew) dismiss() {
	for _, w := range c {
		w.gone.Store(true)
		w.rouse()
	}
}

// Workers returns the number of workers, the caller not counted: Threads-1 when they
// were started.
func Workers() int { return len(currentCrew()) }

// AnyIdle reports whether a worker has nothing to do, so that a call of Each now would
// share its work.
func AnyIdle() bool { return currentCrew().anyIdle() }

func (c crew) anyIdle() bool {
	for _, w := range c {
		if !w.busy.Load() {
			return true
		}
	}
	return false
}

// offer puts the task in the slots of at most limit idle workers.
func (c crew) offer(t *task, limit int) {
	for _, w := range c {
		if limit == 0 {
			return
		}
		if w.gone.Load() || !w.busy.CompareAndSwap(false, true) {
			continue
		}
		t.running.Add(1)
		w.slot.Store(t)
		w.rouse()
		limit--
	}
}

// retract takes the task back from workers that have not begun it, so that
// the caller never waits for a sleeping worker to wake.
func (c crew) retract(t *task) {
	for _, w := range c {
		if w.slot.Load() == t && w.slot.CompareAndSwap(t, nil) {
			t.running.Add(-1)
			w.busy.Store(false)
		}
	}
}

// rouse wakes the worker if it sleeps.
func (w *worker) rouse() {
	if w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
}

// loop serves tasks until the worker is dismissed.
func (w *worker) loop() {
	defer func() {
		if !w.gone.Load() { // the task's function called runtime.Goexit
			go w.loop()
		}
	}()
	ready := func() bool { return w.slot.Load() != nil || w.gone.Load() }
	for {
		if !spin(ready) {
			w.sleep(ready)
		}
		if t := w.slot.Swap(nil); t != nil {
			w.serve(t)
		} else if w.gone.Load() && w.busy.CompareAndSwap(false, true) {
			return // and stays busy: nothing can be offered any more
		}
	}
}

// serve runs the task; deferred, because a Goexit must not leave the caller
// waiting for ever.
func (w *worker) serve(t *task) {
	defer func() {
		w.busy.Store(false)
		t.leave()
	}()
	t.work()
}

// sleep blocks until roused.
func (w *worker) sleep(ready func() bool) {
	w.asleep.Store(true)
	if ready() && w.asleep.CompareAndSwap(true, false) {
		return
	}
	<-w.wake
}

// spin polls ready for spinTime and reports whether it came true. With one
// processor nothing can change while this goroutine runs, so it does not spin.
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
		// Let the collector and other goroutines have the processor.
		runtime.Gosched()
		if time.Since(start) > spinTime {
			return ready()
		}
	}
}
