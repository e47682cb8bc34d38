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
		r.file, r.begins, r.marks = io.NopCloser(strings.NewReader(s.Memory)), []int64{0}, []int64{0}
	}
	return r
}

// Reader reads files one after another as one text. A newline is added between two files if the
// first does not end with one.
type Reader struct {
	files  []string
	file   io.ReadCloser // the open file, or nil
	marks  []int64       // bytes of the byte order mark that was dropped from each file
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
func (r *Reader) open() error {
	if len(r.begins) == len(r.files) {
		return io.EOF
	}
	file, err := Open(r.files[len(r.begins)])
	if err != nil {
		return err
	}
	r.file, r.marks = file, append(r.marks, int64(file.mark))
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

// Hash returns the hash of the stored bytes of the files, their lengths and their extensions, and of how
// they are read if that is not as they are stored.
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
		file, err := Open(name)
		if other := (*NotTextError)(nil); errors.As(err, &other) {
			continue
		}
		if err != nil {
			return sum, err
		}
		io.WriteString(all, file.change())
		file.Close()
	}
	all.Sum(sum[:0])
	return sum, nil
}

// Notes says what a user should know about the files as running text, as File.Note does, and which are tables,
// of the first files that there is something to say of. If refuse is set, a file in another encoding than UTF-8 is an error.
func (s Source) Notes(refuse bool) (notes []string, err error) {
	const most = 4
	more := 0
	for _, name := range s.Files {
		f, err := Open(name)
		if err != nil {
			return nil, err
		}
		f.Close()
		if err := f.Refuse(); refuse && err != nil {
			return nil, err
		}
		switch note := cmp.Or(f.Note(), f.tableNote()); {
		case note == "":
		case len(notes) < most:
			notes = append(notes, note)
		default:
			more++
		}
	}
	if more > 0 {
		notes = append(notes, fmt.Sprintf("%d more files are such", more))
	}
	return notes, nil
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

// At returns the file that has an offset of the text that was read, and the offset in that file.
func (r *Reader) At(offset int64) (file string, at int64) {
	file, begin := r.fileAt(offset)
	return file, offset - begin
}

// fileAt returns the file that has an offset of the whole text, and the offset of its first byte. That
// is the byte order mark, if the file has one, so that offsets in the file are those of its bytes.
func (r *Reader) fileAt(offset int64) (file string, begin int64) {
	i := len(r.begins) - 1
	for i > 0 && r.begins[i] > offset {
		i--
	}
	return r.files[i], r.begins[i] - r.marks[i]
}
