package textfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// compressions are the compressed formats that are read, by their first bytes and their extension.
var compressions = []struct {
	name, magic, suffix string
	open                func(io.Reader) (io.ReadCloser, error)
}{
	{"gzip", "\x1f\x8b", ".gz", func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }},
	{"zstd", "\x28\xb5\x2f\xfd", ".zst", openZstd},
}

// maxWindow is the largest window of a zstd file, in bytes: that of zstd --ultra -22 --long=27, the largest
// that zstd -d accepts by default.
const maxWindow = 1 << 27

// openZstd returns a decompressing reader that decodes in the calling goroutine.
func openZstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// TrimCompression returns a path without the extension of a compressed format, .gz or .zst.
func TrimCompression(path string) string {
	for _, c := range compressions {
		if filepath.Ext(path) == c.suffix {
			return path[:len(path)-len(c.suffix)]
		}
	}
	return path
}

// decompress replaces the reader by one of the decompressed bytes, if the first bytes or the extension
// are those of a compressed file.
func (t *File) decompress() error {
	head, _ := t.buffer.Peek(4) // an error is returned by the next read too
	ext := filepath.Ext(t.path)
	for _, c := range compressions {
		if !bytes.HasPrefix(head, []byte(c.magic)) {
			continue
		}
		return t.decompressBy(c.name, c.suffix, c.open)
	}
	for _, c := range compressions {
		if ext == c.suffix {
			err := errors.New("the first bytes are others")
			if len(head) == 0 {
				err = errors.New("it is empty")
			}
			return fmt.Errorf("%s: not a %s file: %w", t.path, c.name, err)
		}
	}
	return nil
}

func (t *File) decompressBy(name, suffix string, open func(io.Reader) (io.ReadCloser, error)) error {
	z, err := open(t.buffer)
	if err != nil {
		return fmt.Errorf("%s: not a %s file: %v", t.path, name, err) // %v: a wrapped io.EOF would look like the end of the text
	}
	t.inner = z
	if filepath.Ext(t.path) != suffix {
		t.zipped = "|" + name
	}
	t.buffer = bufio.NewReaderSize(&namedReader{z, t.path, name}, headSize)
	return nil
}

// namedReader is a decompressing reader whose errors name the file and its format.
type namedReader struct {
	io.Reader
	path, name string
}

// Read reads decompressed bytes.
func (n *namedReader) Read(p []byte) (int, error) {
	k, err := n.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: corrupt %s file: %v", n.path, n.name, err)
	}
	return k, err
}
