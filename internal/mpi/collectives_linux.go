//go:build amd64 || arm64

package mpi

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"

	"euryale/internal/ranks"
)

// Calls begin an operation, and wait asks until it is complete. Addresses are taken in the argument
// lists of purego.SyscallN, which has what they point to allocated where it does not move;
// runtime.KeepAlive keeps it until the operation is complete.

func (c *comm) Barrier() error {
	return c.thread.do("MPI_Ibarrier", 0, func() error {
		return c.finish("MPI_Ibarrier", 0, code(purego.SyscallN(c.barrier, c.world, c.request(0))))
	})
}

func (c *comm) Broadcast(b []byte, root int) error {
	return c.thread.do("MPI_Ibcast", len(b), func() error {
		for part := range c.parts(b) {
			rc := code(purego.SyscallN(c.bcast, uintptr(unsafe.Pointer(unsafe.SliceData(part))), uintptr(len(part)), c.byte, uintptr(root), c.world, c.request(0)))
			if err := c.finish("MPI_Ibcast", len(part), rc); err != nil {
				return err
			}
			runtime.KeepAlive(part)
		}
		return nil
	})
}

func (c *comm) AllReduce(b []byte, kind ranks.Kind, op ranks.Op) error {
	return c.thread.do("MPI_Iallreduce", len(b), func() error {
		for part := range c.parts(b) {
			rc := code(purego.SyscallN(c.allreduce, c.inPlace, uintptr(unsafe.Pointer(unsafe.SliceData(part))), uintptr(len(part)/kind.Bytes()), c.kinds[kind], c.ops[op], c.world, c.request(0)))
			if err := c.finish("MPI_Iallreduce", len(part), rc); err != nil {
				return err
			}
			runtime.KeepAlive(part)
		}
		return nil
	})
}

// AllGather uses the library's algorithms for little data, and passes the parts around a ring
// otherwise.
func (c *comm) AllGather(b []byte, ends []int) error {
	if err := ranks.CheckEnds(len(b), ends, c.size); err != nil {
		return err
	}
	if ends[c.size-1] > c.ringFrom {
		return c.thread.do("all-gather (MPI_Isend)", len(b), func() error { return c.ring(b, ends) })
	}
	counts, displacements := make([]int32, c.size), make([]int32, c.size)
	for r := range counts {
		from, to := ranks.Part(ends, r)
		counts[r], displacements[r] = int32(to-from), int32(from)
	}
	return c.thread.do("MPI_Iallgatherv", len(b), func() error {
		err := c.finish("MPI_Iallgatherv", len(b), code(purego.SyscallN(c.allgatherv, c.inPlace, 0, c.byte, uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(unsafe.Pointer(&counts[0])), uintptr(unsafe.Pointer(&displacements[0])), c.byte, c.world, c.request(0))))
		runtime.KeepAlive(b)
		runtime.KeepAlive(counts)
		runtime.KeepAlive(displacements)
		return err
	})
}

// ring passes parts from rank to rank: after size-1 rounds each has all.
func (c *comm) ring(b []byte, ends []int) error {
	next, previous := (c.rank+1)%c.size, (c.rank+c.size-1)%c.size
	for round := range c.size - 1 {
		sent := (c.rank + c.size - round) % c.size
		received := (sent + c.size - 1) % c.size
		from, to := ranks.Part(ends, sent)
		rFrom, rTo := ranks.Part(ends, received)
		if err := c.exchange(b[from:to], next, b[rFrom:rTo], previous); err != nil {
			return err
		}
	}
	return nil
}

// AllToAll exchanges with one rank after the other, so that parts need not be neighbours in
// memory, nor their offsets fit into C ints.
func (c *comm) AllToAll(send, recv [][]byte) error {
	if err := ranks.CheckLists(send, recv, c.rank, c.size); err != nil {
		return err
	}
	n := 0
	for _, part := range send {
		n += len(part)
	}
	copy(recv[c.rank], send[c.rank])
	return c.thread.do("all-to-all (MPI_Isend)", n, func() error {
		for distance := 1; distance < c.size; distance++ {
			to, from := (c.rank+distance)%c.size, (c.rank+c.size-distance)%c.size
			if err := c.exchange(send[to], to, recv[from], from); err != nil {
				return err
			}
		}
		return nil
	})
}

// exchange sends to one rank while it receives from another.
func (c *comm) exchange(send []byte, to int, recv []byte, from int) error {
	const tag = 1
	for len(send) > 0 || len(recv) > 0 {
		s, r := send[:min(len(send), c.max)], recv[:min(len(recv), c.max)]
		send, recv = send[len(s):], recv[len(r):]
		c.requests.open = [2]bool{}
		if len(r) > 0 {
			rc := code(purego.SyscallN(c.receive, uintptr(unsafe.Pointer(unsafe.SliceData(r))), uintptr(len(r)), c.byte, uintptr(from), tag, c.world, c.request(0)))
			if err := c.err("MPI_Irecv", rc); err != nil {
				return err
			}
		}
		if len(s) > 0 {
			rc := code(purego.SyscallN(c.send, uintptr(unsafe.Pointer(unsafe.SliceData(s))), uintptr(len(s)), c.byte, uintptr(to), tag, c.world, c.request(1)))
			if err := c.err("MPI_Isend", rc); err != nil {
				return err
			}
		}
		if err := c.wait("MPI_Isend or MPI_Irecv", len(s)+len(r)); err != nil {
			return err
		}
		runtime.KeepAlive(s)
		runtime.KeepAlive(r)
	}
	return nil
}

// parts cuts b into pieces that a call can count.
func (c *comm) parts(b []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			n := min(len(b), c.max)
			if !yield(b[:n]) {
				return
			}
			b = b[n:]
		}
	}
}
