//go:build unix

package mapped

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapOrRead(f *os.File, size int) (b []byte, isMapped bool, err error) {
	if size == 0 {
		return nil, false, nil
	}
	b, err = unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	return b, err == nil, err
}

func unmap(b []byte) error { return unix.Munmap(b) }

// Errors of advice are ignored: it affects only speed and memory.

func adviseRandom(b []byte) { _ = unix.Madvise(b, unix.MADV_RANDOM) }

func drop(b []byte) { _ = unix.Madvise(b, unix.MADV_DONTNEED) }
