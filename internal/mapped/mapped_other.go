//go:build !unix

package mapped

import (
	"io"
	"os"
)

func mapOrRead(f *os.File, size int) (b []byte, isMapped bool, err error) {
	b = make([]byte, size)
	_, err = io.ReadFull(io.NewSectionReader(f, 0, int64(size)), b)
	return b, false, err
}

func unmap([]byte) error { return nil }

func adviseRandom([]byte) {}

func drop([]byte) {}
