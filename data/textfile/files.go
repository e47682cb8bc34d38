package textfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// headSize is the number of bytes at the start of a file by which its format is recognized.
const headSize = 64 << 10

// File is an open text file that is read as UTF-8.
type File struct {
	io.Reader
	path   string
	file   *os.File
	inner  io.Closer     // of the decompressed bytes, or nil
	buffer *bufio.Reader // of the decompressed bytes
	zipped string        // "|gzip" or "|zstd" if decompressed though the name does not end so
	mark   int           // bytes of a UTF-8 byte order mark that was dropped
	format format        // of the decompressed bytes
}

// Open opens a text file. A gzip or zstd file is decompressed, a byte order mark dropped, and UTF-16 or UTF-32
// converted to UTF-8 (see Note). A file of a known format that is not text is an error.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	file, err := newFile(f, path)
	if err != nil {
		f.Close()
		return nil, err
	}
	return file, nil
}

// OpenBytes opens a file of any format. A gzip or zstd file is decompressed.
func OpenBytes(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	t := &File{path: path, file: f, buffer: bufio.NewReaderSize(f, headSize)}
	if err := t.decompress(); err != nil {
		f.Close()
		return nil, err
	}
	t.Reader = t.buffer
	return t, nil
}

func newFile(f *os.File, path string) (*File, error) {
	t := &File{path: path, file: f, buffer: bufio.NewReaderSize(f, headSize)}
	if err := t.decompress(); err != nil {
		return nil, err
	}
	head, _ := t.buffer.Peek(headSize) // an error is returned by the next read too
	var err error
	if t.format, err = recognize(head); err != nil {
		t.closeInner()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	skipped, err := t.buffer.Discard(t.format.mark)
	if err != nil {
		t.closeInner()
		return nil, err
	}
	t.Reader = t.buffer
	if t.format.convert != nil {
		t.Reader = t.format.convert.NewDecoder().Reader(t.buffer)
	} else {
		t.mark = skipped
	}
	return t, nil
}

// Close closes the file. Reading to the end has checked the checksum of a compressed file.
func (f *File) Close() error { return errors.Join(f.closeInner(), f.file.Close()) }

// closeInner ends the decompression.
func (f *File) closeInner() error {
	if f.inner == nil {
		return nil
	}
	return f.inner.Close()
}

// change identifies how the bytes that are read differ from those stored; "" if they do not, or as
// the extension, .gz or .zst, says.
func (f *File) change() string {
	change := ""
	if f.format.convert != nil {
		change = f.format.name
	}
	change += f.zipped
	if f.mark > 0 {
		change += "|mark"
	}
	return change
}

// ReadFile returns the text of a file as Open reads it, and its Note.
func ReadFile(path string) (text, note string, err error) {
	f, err := Open(path)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
	return string(raw), f.Note(), err
}

// DropMark returns a reader of r without a UTF-8 byte order mark at its start. It waits for no more
// than the first three bytes, so that r may be a terminal.
func DropMark(r io.Reader) io.Reader { return &markDropper{r: bufio.NewReader(r)} }

type markDropper struct {
	r       *bufio.Reader
	started bool
}

func (m *markDropper) Read(p []byte) (int, error) {
	if !m.started {
		m.started = true
		if first, _ := m.r.Peek(1); string(first) == byteOrderMark[:1] {
			if mark, _ := m.r.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
				if _, err := m.r.Discard(len(mark)); err != nil {
					return 0, err
				}
			}
		}
	}
	return m.r.Read(p)
}

// IsFile reports whether path is an existing regular file.
func IsFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
