//go:build !browser

package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// The largest page of a column that is read: writers aim at 1 MB.
const (
	maxPageBytes  = 1 << 28 // decompressed
	maxPageValues = 1 << 24
)

// checkFooter checks the sizes in the metadata at the end of a Parquet file, and that they are not longer
// than the file.
func checkFooter(r io.ReaderAt, size int64) error {
	tail := make([]byte, 8)
	if size < 12 {
		return errors.New("it has fewer than 12 bytes")
	}
	if _, err := r.ReadAt(tail, size-8); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(tail))
	switch {
	case string(tail[4:]) != "PAR1":
		return errors.New("it does not end with PAR1")
	case n > size-12:
		return errCutOff
	}
	metadata := make([]byte, n)
	if _, err := r.ReadAt(metadata, size-8-n); err != nil {
		return err
	}
	return (&thriftReader{left: metadata}).structure(0, 0)
}

// checkPages checks the sizes in the headers of the pages of a column.
func checkPages(r io.ReaderAt, f *parquet.File, column int) error {
	for i, group := range f.Metadata().RowGroups {
		if column >= len(group.Columns) {
			return fmt.Errorf("row group %d lacks column %d", i+1, column+1)
		}
		m := &group.Columns[column].MetaData
		at := m.DataPageOffset
		if m.DictionaryPageOffset != 0 {
			at = m.DictionaryPageOffset
		}
		if at < 0 || m.TotalCompressedSize < 0 || m.TotalCompressedSize > f.Size()-at {
			return fmt.Errorf("row group %d, column %d: its pages are outside the file", i+1, column+1)
		}
		for n, end := 1, at+m.TotalCompressedSize; at < end; n++ {
			next, err := checkPage(r, at, end)
			if err != nil {
				return fmt.Errorf("row group %d, column %d, page %d: %w", i+1, column+1, n, err)
			}
			at = next
		}
	}
	return nil
}

// checkPage checks the header of the page at an offset, and returns the offset of the next.
func checkPage(r io.ReaderAt, at, end int64) (next int64, err error) {
	const most = 16 << 20 // bytes of a header: it may have the smallest and the largest value
	for size := int64(1 << 10); ; size *= 16 {
		header := make([]byte, min(size, end-at))
		if _, err := r.ReadAt(header, at); err != nil && err != io.EOF {
			return 0, err
		}
		var packed, values int64
		t := thriftReader{left: header}
		t.seen = func(outer, field int, value int64) {
			const uncompressedSize, compressedSize, firstHeader = 2, 3, 5 // of format.PageHeader
			switch {
			case outer == 0 && field == compressedSize:
				packed = value
			case outer == 0 && field == uncompressedSize && (value < 0 || value > maxPageBytes):
				err = fmt.Errorf("it has %d bytes, and at most %d are read", value, maxPageBytes)
			case outer >= firstHeader && field == 1:
				values = value
			}
		}
		read := t.structure(0, 0)
		if errors.Is(read, errCutOff) && size < most && size < end-at {
			err = nil
			continue
		}
		next = at + int64(len(header)-len(t.left)) + packed
		switch {
		case read != nil:
			return 0, read
		case err != nil:
			return 0, err
		case packed < 0 || next > end:
			return 0, errors.New("it is cut off")
		case values < 0 || values > maxPageValues:
			return 0, fmt.Errorf("it has %d values, and at most %d are read", values, maxPageValues)
		}
		return next, nil
	}
}
