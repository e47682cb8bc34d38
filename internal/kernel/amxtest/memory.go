//go:build linux && amd64

package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// process accesses the memory of the process of a thread, given by the id of the thread.
type process int

func (p process) read(rows [][]byte, address, stride uint64) error {
	return transfer("read", rows, address, stride, func(local []unix.Iovec, remote []unix.RemoteIovec) (int, error) {
		return unix.ProcessVMReadv(int(p), local, remote, 0)
	})
}

func (p process) write(rows [][]byte, address, stride uint64) error {
	return transfer("write", rows, address, stride, func(local []unix.Iovec, remote []unix.RemoteIovec) (int, error) {
		return unix.ProcessVMWritev(int(p), local, remote, 0)
	})
}

// transfer copies all rows in one call.
func transfer(verb string, rows [][]byte, address, stride uint64, call func([]unix.Iovec, []unix.RemoteIovec) (int, error)) error {
	var locals [tileRows]unix.Iovec
	var remotes [tileRows]unix.RemoteIovec
	want := 0
	for i, row := range rows {
		locals[i].Base = &row[0]
		locals[i].SetLen(len(row))
		remotes[i] = unix.RemoteIovec{Base: uintptr(address + uint64(i)*stride), Len: len(row)}
		want += len(row)
	}
	n, err := call(locals[:len(rows)], remotes[:len(rows)])
	if err != nil && err != unix.EFAULT {
		return fmt.Errorf("%s memory: %w", verb, err)
	}
	if n = max(n, 0); n < want { // n is -1 with an error
		i := n / len(rows[0])
		return fmt.Errorf("#PF: cannot %s row %d, %d bytes at %#x", verb, i, len(rows[i]), remotes[i].Base)
	}
	return nil
}

// code returns the bytes at an address, enough for at least one instruction unless the
// memory ends before.
func (p process) code(address uint64) []byte {
	code := make([]byte, 256)
	first := min(len(code), pageSize-int(address%uint64(pageSize)))
	local := [1]unix.Iovec{{Base: &code[0]}}
	local[0].SetLen(len(code))
	n, err := unix.ProcessVMReadv(int(p), local[:], []unix.RemoteIovec{
		{Base: uintptr(address), Len: first},
		{Base: uintptr(address) + uintptr(first), Len: len(code) - first},
	}, 0)
	if err != nil {
		return nil
	}
	return code[:n]
}

var pageSize = os.Getpagesize()
