//go:build amd64 || arm64

package mpi

import (
	"bytes"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"

	"euryale/internal/ranks"
)

// maxCount limits what one call moves or reduces: counts are C ints.
const maxCount = 1 << 30

// comm is the communicator of all ranks.
type comm struct {
	*library
	thread     *thread
	rank, size int
	max        int // maxCount, less in tests
	ringFrom   int // the most bytes of an all-gather that the library makes
	requests   requests
	distant    bool // ranks are on several hosts
	patient    atomic.Bool
}

// open opens the library and initialises it on a thread of its own.
func open(l *launch, limit time.Duration) (ranks.Group, error) {
	c := &comm{thread: startThread(limit, max(0, l.rank)), max: maxCount, ringFrom: little}
	err := c.thread.do("MPI_Init_thread", 0, func() error {
		table := readSignals()
		defer table.restore()
		return c.start(l.names)
	})
	if err != nil {
		return nil, err
	}
	if err := l.check(c.name, c.version, c.rank, c.size); err != nil {
		return nil, err
	}
	return c, c.findHosts()
}

// findHosts finds out whether the ranks are on several hosts.
func (c *comm) findHosts() error {
	names, err := ranks.Gather(c, []byte(hostName()))
	for _, name := range names {
		c.distant = c.distant || !bytes.Equal(name, names[0])
	}
	return err
}

// start opens and initialises the library. From then on errors are returned, not fatal.
func (c *comm) start(names []string) (err error) {
	if c.library, err = openLibrary(names); err != nil {
		return err
	}
	const funneled = 1
	var provided, rank, size int32
	if rc := code(purego.SyscallN(c.initThread, 0, 0, funneled, uintptr(unsafe.Pointer(&provided)))); rc != 0 {
		return c.err("MPI_Init_thread", rc)
	}
	if provided < funneled {
		return fmt.Errorf("MPI_Init_thread: %s was built without threads (level %d, want %d)", c.version, provided, funneled)
	}
	if rc := code(purego.SyscallN(c.setErrhandler, c.world, c.errorsReturn)); rc != 0 {
		return c.err("MPI_Comm_set_errhandler", rc)
	}
	if rc := code(purego.SyscallN(c.commRank, c.world, uintptr(unsafe.Pointer(&rank)))); rc != 0 {
		return c.err("MPI_Comm_rank", rc)
	}
	if rc := code(purego.SyscallN(c.commSize, c.world, uintptr(unsafe.Pointer(&size)))); rc != 0 {
		return c.err("MPI_Comm_size", rc)
	}
	c.rank, c.size = int(rank), int(size)
	return nil
}

func (c *comm) Rank() int       { return c.rank }
func (c *comm) Size() int       { return c.size }
func (c *comm) Library() string { return c.version }
func (c *comm) Distant() bool   { return c.distant }
func (c *comm) Patient(on bool) { c.patient.Store(on) }

// Memory returns pages of their own, which Go's heap never takes back behind the library's
// cache of registered memory.
func (c *comm) Memory(n int) []byte {
	if n == 0 {
		return nil
	}
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]byte, n)
	}
	return b
}

// Abort ends the job, and this process in any case.
func (c *comm) Abort(code int) {
	c.thread.try(func() error {
		purego.SyscallN(c.abort, c.world, uintptr(code))
		return nil
	})
	time.Sleep(2 * time.Second)
	os.Exit(code)
}

func (c *comm) Close() error {
	return c.thread.do("MPI_Finalize", 0, func() error {
		return c.err("MPI_Finalize", code(purego.SyscallN(c.finalize)))
	})
}
