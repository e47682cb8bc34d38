package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"euryale/internal/mapped"
)

// check checks a token file from start to end in constant memory, and returns its header.
func check(f *os.File) (*Header, error) {
	h := new(Header)
	if err := binary.Read(io.NewSectionReader(f, 0, headerSize), binary.LittleEndian, h); err != nil {
		return nil, fmt.Errorf("the header is incomplete: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	payload := info.Size() - headerSize
	switch {
	case string(h.Magic[:]) != magic:
		return nil, errors.New("not a token file of this version")
	case h.Width != 2 && h.Width != 4:
		return nil, fmt.Errorf("its ids have %d bytes, not 2 or 4", h.Width)
	case payload < 0 || uint64(payload)%h.Width != 0 || uint64(payload)/h.Width != h.Count:
		return nil, fmt.Errorf("the header says %d ids of %d bytes, the file has %d bytes after it", h.Count, h.Width, payload)
	case h.Split > h.Count:
		return nil, fmt.Errorf("the training part ends at %d of %d tokens", h.Split, h.Count)
	case h.Test > h.Count-h.Split:
		return nil, fmt.Errorf("the test part has %d of the %d tokens after the training part", h.Test, h.Count-h.Split)
	}
	return h, checkPayload(io.NewSectionReader(f, headerSize, payload), h)
}

// checkPayload checks the ids and their checksum.
func checkPayload(r io.Reader, h *Header) error {
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

// mapIDs maps the ids of a checked token file into memory, or reads them where that is impossible.
func mapIDs(f *os.File, h *Header) (*IDs, error) {
	m, err := mapped.Open(f, headerSize+int(h.Count*h.Width))
	if err != nil {
		return nil, err
	}
	t := &IDs{file: m}
	if h.Width == 4 {
		t.wide = mapped.Values[uint32](m, headerSize, int(h.Count))
	} else {
		t.narrow = mapped.Values[uint16](m, headerSize, int(h.Count))
	}
	if t.wide == nil && t.narrow == nil {
		if err := m.Close(); err != nil {
			return nil, err
		}
		return readIDs(f, h)
	}
	m.Random() // windows are read at random positions
	return t, nil
}

// readIDs reads the ids of a checked token file into memory.
func readIDs(f *os.File, h *Header) (*IDs, error) {
	t := NewIDs(int(h.Vocab))
	r := io.NewSectionReader(f, headerSize, int64(h.Count*h.Width))
	if h.Width == 4 {
		t.wide = make([]uint32, h.Count)
		return t, binary.Read(r, binary.LittleEndian, t.wide)
	}
	t.narrow = make([]uint16, h.Count)
	return t, binary.Read(r, binary.LittleEndian, t.narrow)
}
