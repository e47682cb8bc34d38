package data

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// A token file is a header of headerSize bytes and the ids, little-endian, two or four bytes
// each. It is what a corpus larger than memory is trained from.
const (
	tokenMagic   = "EURYTOK\x01" // the last byte is the version
	headerSize   = 256           // keeps the ids aligned
	tokenFileExt = ".tokens"
)

// tokenHeader opens a token file.
type tokenHeader struct {
	Magic     [8]byte
	Width     uint64            // bytes of an id: 2 or 4
	Vocab     uint64            // ids lie below
	Count     uint64            // tokens in all
	Split     uint64            // tokens of the training part
	Bytes     uint64            // bytes of the text
	Tokenizer [sha256.Size]byte // of the tokenizer's pieces
	Source    [sha256.Size]byte // of the files the text came from
	Payload   [sha256.Size]byte // of the ids as they stand in the file
}

// tokenFile is what a token file is written to: an *os.File.
type tokenFile interface {
	io.Writer
	io.WriterAt
}

// tokenWriter appends ids to a token file.
type tokenWriter struct {
	file   tokenFile
	buf    *bufio.Writer
	sum    hash.Hash
	header tokenHeader
}

// newTokenWriter leaves room for the header, which is written last: a file that was cut off
// has none.
func newTokenWriter(f tokenFile, vocab int) (*tokenWriter, error) {
	w := &tokenWriter{file: f, sum: sha256.New()}
	copy(w.header.Magic[:], tokenMagic)
	w.header.Vocab, w.header.Width = uint64(vocab), 2
	if vocab > narrowVocab {
		w.header.Width = 4
	}
	w.buf = bufio.NewWriterSize(io.MultiWriter(f, w.sum), 1<<20)
	_, err := f.Write(make([]byte, headerSize))
	return w, err
}

// append adds ids.
func (w *tokenWriter) append(ids []int) error {
	var scratch [4]byte
	for _, id := range ids {
		binary.LittleEndian.PutUint32(scratch[:], uint32(id))
		if _, err := w.buf.Write(scratch[:w.header.Width]); err != nil {
			return err
		}
	}
	w.header.Count += uint64(len(ids))
	return nil
}

// finish writes the header.
func (w *tokenWriter) finish() error {
	if err := w.buf.Flush(); err != nil {
		return err
	}
	w.sum.Sum(w.header.Payload[:0])
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, &w.header); err != nil {
		return err
	}
	_, err := w.file.WriteAt(b.Bytes(), 0)
	return err
}

// openTokenFile maps a token file after checking all of it: its sizes, its checksum and that
// every id lies in the vocabulary.
func openTokenFile(path string) (*idSequence, *tokenHeader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	h, err := checkTokenFile(f)
	if err != nil {
		return nil, nil, fmt.Errorf("token file %s: %w: delete it, and it will be prepared again", path, err)
	}
	t, err := mapTokens(f, h)
	return t, h, err
}

// checkTokenFile reads a token file from start to end in constant memory.
func checkTokenFile(f *os.File) (*tokenHeader, error) {
	h := new(tokenHeader)
	if err := binary.Read(io.NewSectionReader(f, 0, headerSize), binary.LittleEndian, h); err != nil {
		return nil, fmt.Errorf("no whole header: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	payload := info.Size() - headerSize
	switch {
	case string(h.Magic[:]) != tokenMagic:
		return nil, errors.New("not a token file of this version")
	case h.Width != 2 && h.Width != 4:
		return nil, fmt.Errorf("ids of %d bytes", h.Width)
	case payload < 0 || uint64(payload)%h.Width != 0 || uint64(payload)/h.Width != h.Count:
		return nil, fmt.Errorf("the header promises %d ids of %d bytes, the file holds %d bytes", h.Count, h.Width, payload)
	case h.Split > h.Count:
		return nil, fmt.Errorf("the training part ends at %d of %d tokens", h.Split, h.Count)
	}
	return h, checkPayload(io.NewSectionReader(f, headerSize, payload), h)
}

// checkPayload checks the ids and their checksum.
func checkPayload(r io.Reader, h *tokenHeader) error {
	sum := sha256.New()
	buf := make([]byte, 1<<20)
	for at := uint64(0); ; {
		n, err := io.ReadFull(r, buf)
		for i := 0; i < n; i += int(h.Width) {
			id := uint64(binary.LittleEndian.Uint16(buf[i:]))
			if h.Width == 4 {
				id = uint64(binary.LittleEndian.Uint32(buf[i:]))
			}
			if id >= h.Vocab {
				return fmt.Errorf("id %d of token %d is outside the vocabulary of %d", id, at+uint64(i)/h.Width, h.Vocab)
			}
		}
		at += uint64(n) / h.Width
		sum.Write(buf[:n])
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if !bytes.Equal(sum.Sum(nil), h.Payload[:]) {
		return errors.New("its checksum is wrong: the file was changed after it was written")
	}
	return nil
}

// createWhole writes a file so that path holds all of it, or what it held before. Unlike
// runfile.WriteAtomic it lets fill go back to the start, where the header is written last.
func createWhole(path string, fill func(f *os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err = fill(f); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// readTokens reads the ids of a checked token file into memory.
func readTokens(f *os.File, h *tokenHeader) (*idSequence, error) {
	t := newTokens(int(h.Vocab))
	r := io.NewSectionReader(f, headerSize, int64(h.Count*h.Width))
	if h.Width == 4 {
		t.wide = make([]uint32, h.Count)
		return t, binary.Read(r, binary.LittleEndian, t.wide)
	}
	t.narrow = make([]uint16, h.Count)
	return t, binary.Read(r, binary.LittleEndian, t.narrow)
}
