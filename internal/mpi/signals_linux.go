//go:build amd64 || arm64

package mpi

import (
	"syscall"
	"unsafe"
)

// MPI libraries, and UCX below them, install handlers for signals that Go handles: a nil
// dereference that Go code recovers from would end the process, and so would an ordinary
// signal, as those handlers do not run on Go's signal stacks. So the dispositions of all
// signals are read before the library is opened, and those it has changed are written back.

// signalAction is struct kernel_sigaction of amd64 and arm64.
type signalAction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

const signals = 64

// signalTable holds the dispositions of signals 1 to 64.
type signalTable [signals + 1]signalAction

// readSignals returns the dispositions as they are.
func readSignals() (t signalTable) {
	for s := 1; s <= signals; s++ {
		signalSyscall(s, nil, &t[s])
	}
	return t
}

// restore writes back the dispositions that differ from the table, and returns their signals.
func (t *signalTable) restore() (changed []int) {
	for s := 1; s <= signals; s++ {
		var now signalAction
		if signalSyscall(s, nil, &now) == 0 && now != t[s] {
			signalSyscall(s, &t[s], nil)
			changed = append(changed, s)
		}
	}
	return changed
}

// signalSyscall calls rt_sigaction, past the C library and package signal, which do not know all signals.
func signalSyscall(signal int, set, old *signalAction) syscall.Errno {
	_, _, e := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal), uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	return e
}
