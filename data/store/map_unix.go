//go:build unix

package store

import (
	"encoding/binary"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapIDs maps the ids of a checked token file into memory. On big-endian machines it reads them.
func mapIDs(f *os.File, h *Header) (*IDs, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return readIDs(f, h)
	}
	size := headerSize + int(h.Count*h.Width)
	mem, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", f.Name(), err)
	}
	// Windows are read at random positions, where read-ahead is useless. An error is ignored,
	// because the advice affects only the speed.
	_ = unix.Madvise(mem, unix.MADV_RANDOM)
	t := &IDs{
		unmap: func() error { return unix.Munmap(mem) },
		evict: func() { _ = unix.Madvise(mem, unix.MADV_DONTNEED) },
	}
	ids := unsafe.Pointer(unsafe.SliceData(mem[headerSize:]))
	if h.Width == 4 {
		t.wide = unsafe.Slice((*uint32)(ids), h.Count)
	} else {
		t.narrow = unsafe.Slice((*uint16)(ids), h.Count)
	}
	return t, nil
}
