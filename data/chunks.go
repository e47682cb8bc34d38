package data

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// chunkSize is how many bytes of text are held and encoded at a time.
const chunkSize = 1 << 20

// textSource is where a text comes from: files, or memory if it was generated.
type textSource struct {
	files  []string
	memory string
}

// name is the source in messages.
func (s textSource) name() string {
	if len(s.files) == 0 {
		return "generated text"
	}
	return s.files[0]
}

// reader reads the source from its start.
func (s textSource) reader() *textReader {
	r := &textReader{files: s.files}
	if len(s.files) == 0 {
		r.files = []string{s.name()}
		r.file, r.begins = io.NopCloser(strings.NewReader(s.memory)), []int64{0}
	}
	return r
}

// textReader reads files one after another as one text. A file that does not end a line is
// ended by a newline before the next one.
type textReader struct {
	files  []string
	file   io.ReadCloser
	begins []int64 // where each file opened so far begins in the text
	read   int64   // bytes of text so far
	last   byte    // the last of them
}

// Read reads from one file.
func (r *textReader) Read(p []byte) (int, error) {
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
func (r *textReader) open() (err error) {
	if len(r.begins) == len(r.files) {
		return io.EOF
	}
	r.file, err = openTextFile(r.files[len(r.begins)])
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
func (r *textReader) took(text []byte) int {
	if len(text) > 0 {
		r.read += int64(len(text))
		r.last = text[len(text)-1]
	}
	return len(text)
}

// Close closes the file that is open.
func (r *textReader) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// readChunks calls f with the text in chunks that end where a word does, and the offset
// of each.
func readChunks(s textSource, f func(chunk string, offset int64) error) error {
	r := s.reader()
	defer r.Close()
	var offset int64
	err := eachChunk(r, chunkSize, func(chunk string) error {
		err := f(chunk, offset)
		offset += int64(len(chunk))
		return err
	})
	return r.locate(err)
}

// locate turns a place in the whole text into a file and an offset there.
func (r *textReader) locate(err error) error {
	var unknown *UnknownError
	var at *offsetError
	switch {
	case errors.As(err, &unknown):
		file, begin := r.fileAt(int64(unknown.Offset))
		return fmt.Errorf("%s: %w", file, &UnknownError{unknown.Piece, unknown.Offset - int(begin)})
	case errors.As(err, &at):
		file, begin := r.fileAt(at.offset)
		return fmt.Errorf("%s: %w", file, &offsetError{at.offset - begin, at.err})
	}
	return err
}

// fileAt returns the file that holds an offset of the whole text, and where it begins.
func (r *textReader) fileAt(offset int64) (file string, begin int64) {
	i := len(r.begins) - 1
	for i > 0 && r.begins[i] > offset {
		i--
	}
	return r.files[i], r.begins[i]
}

// offsetError is an error at a byte of a text; readChunks finds the file.
type offsetError struct {
	offset int64
	err    error
}

func (e *offsetError) Error() string { return fmt.Sprintf("byte offset %d: %v", e.offset, e.err) }
