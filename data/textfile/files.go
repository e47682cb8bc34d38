package textfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// headSize is the number of bytes at the start of a file by which its format is recognized.
const headSize = 64 << 10

// File is an open text file that is read as UTF-8.
type File struct {
	io.Reader
	path   string
	file   *os.File
	zipped bool   // decompressed, though the name does not end in .gz
	mark   int    // bytes of a UTF-8 byte order mark that was dropped
	format format // of the decompressed bytes
}

// Open opens a text file. A gzip file is decompressed, a byte order mark dropped, and UTF-16 or UTF-32
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

func newFile(f *os.File, path string) (*File, error) {
	t := &File{path: path, file: f}
	r := bufio.NewReaderSize(f, headSize)
	head, _ := r.Peek(2) // an error is returned by the next read too
	isGzip := bytes.Equal(head, []byte{0x1f, 0x8b})
	if isGzip || filepath.Ext(path) == ".gz" {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("%s: not a gzip file: %v", path, err) // %v: a wrapped io.EOF would look like the end of the text
		}
		t.zipped = filepath.Ext(path) != ".gz"
		r = bufio.NewReaderSize(&gzipReader{z, path}, headSize)
	}
	head, _ = r.Peek(headSize)
	var err error
	if t.format, err = recognize(head); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	skipped, err := r.Discard(t.format.mark)
	if err != nil {
		return nil, err
	}
	t.Reader = r
	if t.format.convert != nil {
		t.Reader = t.format.convert.NewDecoder().Reader(r)
	} else {
		t.mark = skipped
	}
	return t, nil
}

// Close closes the file. Reading to the end has checked the checksum of a gzip file.
func (f *File) Close() error { return f.file.Close() }

// change identifies how the bytes that are read differ from those stored; "" if they do not, or as
// the extension .gz says.
func (f *File) change() string {
	change := ""
	if f.format.convert != nil {
		change = f.format.name
	}
	if f.zipped {
		change += "|gzip"
	}
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

// gzipReader is a gzip reader that names the file in its errors.
type gzipReader struct {
	*gzip.Reader
	path string
}

// Read reads decompressed bytes; its errors name the file.
func (g *gzipReader) Read(p []byte) (int, error) {
	n, err := g.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: corrupt gzip file: %v", g.path, err)
	}
	return n, err
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
