// Package mapped maps files into memory: their pages are read from the file when they are
// first used, and take no memory of their own. Where mapping is not implemented, Open reads the
// file.
package mapped

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"unsafe"
)

// File is a file in memory.
type File struct {
	path   string
	bytes  []byte
	mapped bool
}

// open lists the mapped files, so that At finds the file of an address.
var open struct {
	sync.Mutex
	files []*File
}

// Open maps the first size bytes of f, of which changes stay in memory and are not written to
// the file. The mapping remains valid if the file is closed, renamed or replaced. If it is cut
// short while mapped, a use of the missing pages is a fault, of which At names the file.
func Open(f *os.File, size int) (*File, error) {
	b, isMapped, err := mapOrRead(f, size)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", f.Name(), err)
	}
	m := &File{path: f.Name(), bytes: b, mapped: isMapped}
	if isMapped {
		open.Lock()
		defer open.Unlock()
		open.files = append(open.files, m)
	}
	return m, nil
}

// Bytes returns the contents.
func (m *File) Bytes() []byte { return m.bytes }

// Close ends the mapping. Nothing may use the bytes afterwards.
func (m *File) Close() error {
	b := m.bytes
	m.bytes = nil
	if !m.mapped || b == nil {
		return nil
	}
	open.Lock()
	defer open.Unlock()
	for i, other := range open.files {
		if other == m {
			open.files = append(open.files[:i], open.files[i+1:]...)
			break
		}
	}
	return unmap(b)
}

// Values returns count values from byte offset on, as stored in little-endian order, without
// copying them. It returns nil if the machine is big-endian, or if the values are not aligned.
func Values[T uint16 | uint32 | float32](m *File, offset, count int) []T {
	var one T
	size := int(unsafe.Sizeof(one))
	b := m.bytes[offset : offset+size*count]
	switch {
	case count == 0:
		return []T{}
	case bigEndian || uintptr(unsafe.Pointer(&b[0]))%uintptr(size) != 0:
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), count)
}

var bigEndian = binary.NativeEndian.Uint16([]byte{1, 0}) != 1

// Random advises that pages are used in no order, so that reading ahead is useless.
func (m *File) Random() {
	if m.mapped {
		adviseRandom(m.bytes)
	}
}

// Drop gives back the memory of all pages. Their contents are read again when they are next
// used, so that changes made in memory are lost.
func (m *File) Drop() {
	if m.mapped {
		drop(m.bytes)
	}
}

// Drop gives back the memory of the pages of mapped files that hold nothing but the given
// values. Their contents are read again when they are next used, so that changes made in memory
// are lost. It does nothing to values that are not of a mapped file.
func Drop(values []float32) {
	if len(values) == 0 {
		return
	}
	start := uintptr(unsafe.Pointer(&values[0]))
	size := 4 * len(values)
	open.Lock()
	defer open.Unlock()
	m := at(start)
	if m == nil {
		return
	}
	page := os.Getpagesize()
	begin := int(start - uintptr(unsafe.Pointer(&m.bytes[0])))
	first, last := (begin+page-1)/page*page, (begin+size)/page*page
	if first < last {
		drop(m.bytes[first:last])
	}
}

// At returns the path of the mapped file that is at an address.
func At(addr uintptr) (path string, ok bool) {
	open.Lock()
	defer open.Unlock()
	if m := at(addr); m != nil {
		return m.path, true
	}
	return "", false
}

func at(addr uintptr) *File {
	for _, m := range open.files {
		if start := uintptr(unsafe.Pointer(&m.bytes[0])); addr >= start && addr < start+uintptr(len(m.bytes)) {
			return m
		}
	}
	return nil
}

// Fault returns the error of a panic that a use of a mapped file caused, because the file was
// cut short or its disk is gone; nil if the panic is another. Only goroutines that called
// debug.SetPanicOnFault(true) panic; others end the process.
func Fault(value any) error {
	fault, ok := value.(interface{ Addr() uintptr })
	if !ok {
		return nil
	}
	if path, ok := At(fault.Addr()); ok {
		return fmt.Errorf("%s cannot be read any more: it was changed or cut short while in use, or its disk is gone; restore it and begin again", path)
	}
	return nil
}
