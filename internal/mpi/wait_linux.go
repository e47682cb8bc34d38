//go:build amd64 || arm64

package mpi

import (
	"syscall"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
)

// requests are the operations that are under way: at most two.
type requests struct {
	handles [2]uint64 // MPI_Request, which has 4 or 8 bytes
	open    [2]bool
	done    int32
}

// request returns the address where a call puts the handle of the i-th operation, which wait waits for.
func (c *comm) request(i int) uintptr {
	c.requests.open[i] = true
	return uintptr(unsafe.Pointer(&c.requests.handles[i])) // of c, which is on the heap and lives as long as the process
}

// finish returns the error of a call that has begun the only operation, or waits for it.
func (c *comm) finish(call string, n int, rc int32) error {
	c.requests.open[1] = false
	if err := c.err(call, rc); err != nil {
		return err
	}
	return c.wait(call, n)
}

// How long a rank asks again at once, and then with the core given to whoever wants it, before it sleeps
// in between. MPI libraries ask for ever: where there are more ranks than idle cores, ranks that wait
// keep those from running that they wait for.
const (
	spinFor  = 20 * time.Microsecond
	yieldFor = time.Millisecond
)

// nap is how long a patient rank sleeps before it asks again: the network's buffers hold what arrives
// meanwhile, at 10 Gbit/s 200 kB.
const nap = 150 * time.Microsecond

// little is the size of data that arrives as a whole. More than that arrives in pieces, for each of which
// a rank has to ask.
const little = 1 << 16

// wait returns when all operations that are under way are complete; they move n bytes.
func (c *comm) wait(call string, n int) error {
	began := time.Now()
	for {
		open := false
		for i := range c.requests.open {
			if !c.requests.open[i] {
				continue
			}
			rc := code(purego.SyscallN(c.test, uintptr(unsafe.Pointer(&c.requests.handles[i])), uintptr(unsafe.Pointer(&c.requests.done)), c.statusIgnore))
			if err := c.err(call, rc); err != nil {
				return err
			}
			c.requests.open[i] = c.requests.done == 0
			open = open || c.requests.open[i]
		}
		if !open {
			return nil
		}
		switch waited := time.Since(began); {
		case c.patient.Load():
			sleep(nap)
		case waited < spinFor:
		case waited < yieldFor || n > little:
			_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
		default:
			sleep(min(waited/20, time.Millisecond))
		}
	}
}

// sleep sleeps without Go's timers, which are less exact. A signal may end it.
func sleep(d time.Duration) {
	pause := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&pause, nil)
}
