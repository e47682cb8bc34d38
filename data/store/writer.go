package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
)

// file is the part of *os.File that writing a token file needs.
type file interface {
	io.Writer
	io.WriterAt
}

// Writer writes a token file.
type Writer struct {
	file   file
	buf    *bufio.Writer
	sum    hash.Hash
	Header Header
}

// newWriter reserves the bytes of the header, which finish writes last, so that an incomplete file
// has no valid header.
func newWriter(f file, vocab int) (*Writer, error) {
	w := &Writer{file: f, sum: sha256.New()}
	copy(w.Header.Magic[:], magic)
	w.Header.Vocab, w.Header.Width = uint64(vocab), 2
	if vocab > narrowVocab {
		w.Header.Width = 4
	}
	w.buf = bufio.NewWriterSize(io.MultiWriter(f, w.sum), 1<<20)
	_, err := f.Write(make([]byte, headerSize))
	return w, err
}

// Append appends ids.
func (w *Writer) Append(ids []int) error {
	var scratch [4]byte
	for _, id := range ids {
		binary.LittleEndian.PutUint32(scratch[:], uint32(id))
		if _, err := w.buf.Write(scratch[:w.Header.Width]); err != nil {
			return err
		}
	}
	w.Header.Count += uint64(len(ids))
	return nil
}

// finish writes the buffered ids and the header.
func (w *Writer) finish() error {
	if err := w.buf.Flush(); err != nil {
		return err
	}
	w.sum.Sum(w.Header.Payload[:0])
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, &w.Header); err != nil {
		return err
	}
	_, err := w.file.WriteAt(b.Bytes(), 0)
	return err
}
