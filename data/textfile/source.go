package textfile

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"euryale/data/tokenizer"
)

// chunkSize is the default of Source.Chunk.
const chunkSize = 1 << 20

// Source is a text in files, or in memory if it was generated.
type Source struct {
	Files  []string
	Memory string
	Chunk  int // bytes of text that EachChunk reads at a time; 0: 1 MiB
}

// Name returns the name of the source for messages: its first file.
func (s Source) Name() string {
	if len(s.Files) == 0 {
		return "generated text"
	}
	return s.Files[0]
}

// Reader returns a reader of the whole text.
func (s Source) Reader() *Reader {
	r := &Reader{files: s.Files}
	if len(s.Files) == 0 {
		r.files = []string{s.Name()}
		r.file, r.begins = io.NopCloser(strings.NewReader(s.Memory)), []int64{0}
	}
	return r
}

// Reader reads files one after another as one text. A newline is added between two files if the
// first does not end with one.
type Reader struct {
	files  []string
	file   io.ReadCloser // the open file, or nil
	begins []int64       // offset in the text of each file opened so far
	read   int64         // bytes of text read so far
	last   byte          // the last byte read
}

// Read reads from the current file, or opens the next.
func (r *Reader) Read(p []byte) (int, error) {
	if r.file == nil {
		if err := r.open(); err != nil {
			return 0, err
		}
		if r.begins[len(r.begins)-1] > r.read {
			return r.count(p[:copy(p, "\n")]), nil
		}
	}
	n, err := r.file.Read(p)
	if err == io.EOF {
		err = r.Close()
	}
	return r.count(p[:n]), err
}

// open opens the next file, or returns io.EOF.
func (r *Reader) open() (err error) {
	if len(r.begins) == len(r.files) {
		return io.EOF
	}
	r.file, err = Open(r.files[len(r.begins)])
	if err != nil {
		r.file = nil // Open may return a nil pointer in the interface
		return err
	}
	begin := r.read
	if begin > 0 && r.last != '\n' {
		begin++ // Read puts a newline first
	}
	r.begins = append(r.begins, begin)
	return nil
}

// count records text that was read, and returns its length.
func (r *Reader) count(text []byte) int {
	if len(text) > 0 {
		r.read += int64(len(text))
		r.last = text[len(text)-1]
	}
	return len(text)
}

// Close closes the current file.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// Hash returns the hash of the stored bytes of the files, their lengths and their extensions.
func (s Source) Hash() (sum [sha256.Size]byte, err error) {
	if len(s.Files) == 0 {
		return sha256.Sum256([]byte(s.Memory)), nil
	}
	all := sha256.New()
	for _, name := range s.Files {
		f, err := os.Open(name)
		if err != nil {
			return sum, err
		}
		n, err := io.Copy(all, f)
		f.Close()
		if err != nil {
			return sum, err
		}
		binary.Write(all, binary.LittleEndian, n)
		io.WriteString(all, filepath.Ext(name)) // .gz determines how the bytes are read
	}
	all.Sum(sum[:0])
	return sum, nil
}

// EachChunk calls f with each chunk of the text and its offset. Chunks end at the end of a word (see
// tokenizer.EachChunk). An offset in an error of f is replaced by the file and the offset in it.
func EachChunk(s Source, f func(chunk string, offset int64) error) error {
	r := s.Reader()
	defer r.Close()
	var offset int64
	err := tokenizer.EachChunk(r, cmp.Or(s.Chunk, chunkSize), func(chunk string) error {
		err := f(chunk, offset)
		offset += int64(len(chunk))
		return err
	})
	return r.locate(err)
}

// locate replaces the offset in an error, counted in the whole text, by a file and an offset in it.
func (r *Reader) locate(err error) error {
	var unknown *tokenizer.UnknownError
	var at *OffsetError
	switch {
	case errors.As(err, &unknown):
		file, begin := r.fileAt(int64(unknown.Offset))
		return fmt.Errorf("%s: %w", file, &tokenizer.UnknownError{Piece: unknown.Piece, Offset: unknown.Offset - int(begin)})
	case errors.As(err, &at):
		file, begin := r.fileAt(at.Offset)
		return fmt.Errorf("%s: %w", file, &OffsetError{at.Offset - begin, at.Err})
	}
	return err
}

// fileAt returns the file that has an offset of the whole text, and the offset of its first byte.
func (r *Reader) fileAt(offset int64) (file string, begin int64) {
	i := len(r.begins) - 1
	for i > 0 && r.begins[i] > offset {
		i--
	}
	return r.files[i], r.begins[i]
}
