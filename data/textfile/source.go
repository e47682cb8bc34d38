package textfile

import (
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

// chunkSize is how many bytes of text are held and encoded at a time.
const chunkSize = 1 << 20

// Source is where a text comes from: files, or memory if it was generated.
type Source struct {
	Files  []string
	Memory string
}

// Name is the source in messages.
func (s Source) Name() string {
	if len(s.Files) == 0 {
		return "generated text"
	}
	return s.Files[0]
}

// Reader reads the source from its start.
func (s Source) Reader() *Reader {
	r := &Reader{files: s.Files}
	if len(s.Files) == 0 {
		r.files = []string{s.Name()}
		r.file, r.begins = io.NopCloser(strings.NewReader(s.Memory)), []int64{0}
	}
	return r
}

// Reader reads files one after another as one text. A file that does not end a line is
// ended by a newline before the next one.
type Reader struct {
	files  []string
	file   io.ReadCloser
	begins []int64 // where each file opened so far begins in the text
	read   int64   // bytes of text so far
	last   byte    // the last of them
}

// Read reads from one file.
func (r *Reader) Read(p []byte) (int, error) {
	if r.file == nil {
		if err := r.open(); err != nil {
			return 0, err
		}
		if r.begins[len(r.begins)-1] > r.read {
			return r.took(p[:copy(p, "\n")]), nil
		}
	}
	n, err := r.file.Read(p)
	if err == io.EOF {
		err = r.Close()
	}
	return r.took(p[:n]), err
}

// open opens the next file, or reports io.EOF.
func (r *Reader) open() (err error) {
	if len(r.begins) == len(r.files) {
		return io.EOF
	}
	r.file, err = Open(r.files[len(r.begins)])
	if err != nil {
		r.file = nil // not a nil pointer in an interface
		return err
	}
	begin := r.read
	if begin > 0 && r.last != '\n' {
		begin++ // Read puts a newline first
	}
	r.begins = append(r.begins, begin)
	return nil
}

// took counts text that was read.
func (r *Reader) took(text []byte) int {
	if len(text) > 0 {
		r.read += int64(len(text))
		r.last = text[len(text)-1]
	}
	return len(text)
}

// Close closes the file that is open.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// Hash is of the files' bytes as they are on disk, their lengths and how they are read.
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
		io.WriteString(all, filepath.Ext(name)) // .gz says how the bytes are read
	}
	all.Sum(sum[:0])
	return sum, nil
}

// EachChunk calls f with the text in chunks that end where a word does, and the offset
// of each.
func EachChunk(s Source, f func(chunk string, offset int64) error) error {
	r := s.Reader()
	defer r.Close()
	var offset int64
	err := tokenizer.EachChunk(r, chunkSize, func(chunk string) error {
		err := f(chunk, offset)
		offset += int64(len(chunk))
		return err
	})
	return r.locate(err)
}

// locate turns a place in the whole text into a file and an offset there.
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

// fileAt returns the file that holds an offset of the whole text, and where it begins.
func (r *Reader) fileAt(offset int64) (file string, begin int64) {
	i := len(r.begins) - 1
	for i > 0 && r.begins[i] > offset {
		i--
	}
	return r.files[i], r.begins[i]
}
