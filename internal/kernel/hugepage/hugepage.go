// Package hugepage asks the operating system to use large pages for large buffers. A processor
// finds the addresses of a buffer faster then, and the first use of its memory takes fewer page
// faults: on a virtual machine, where a page fault took 14 µs, filling 512 MB took 0.03 s instead
// of 1.9 s.
package hugepage

import "unsafe"

// size is the size of a large page of amd64, and of arm64 with pages of 4 KiB.
const size = 2 << 20

// Advise asks for large pages for s, if it is long enough to have one, before it is first
// written. Where there are no large pages, it does nothing.
func Advise[T any](s []T) {
	var one T
	bytes := uintptr(cap(s)) * unsafe.Sizeof(one)
	if bytes < size {
		return
	}
	first := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	// The pages at both ends may have other objects of the heap too, which gain as well.
	advise(first&^(size-1), (first+bytes+size-1)&^(size-1))
}
