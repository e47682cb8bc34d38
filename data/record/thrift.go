//go:build !browser

package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Types of Thrift's compact protocol (github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
const (
	thriftTrue = iota + 1
	thriftFalse
	thriftByte
	thriftInt16
	thriftInt32
	thriftInt64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
)

// errCutOff is the error of a structure whose end is missing.
var errCutOff = errors.New("its metadata are cut off")

// maxDepth is the number of structures within each other that are read.
const maxDepth = 32

// thriftReader reads a structure of Thrift's compact protocol without claiming memory, to check its sizes
// before the Parquet package claims what they say.
type thriftReader struct {
	left []byte
	// seen, unless nil, is called with each integer in the structure (outer 0) or in the structure of its
	// field outer.
	seen func(outer, field int, value int64)
}

// structure reads a structure that is field outer of the one before it.
func (t *thriftReader) structure(depth, outer int) error {
	if depth > maxDepth {
		return errors.New("its metadata are nested too deeply")
	}
	field := 0
	for {
		b, err := t.take(1)
		if err != nil {
			return err
		}
		kind := int(b[0] & 0xf)
		if b[0] == 0 {
			return nil
		}
		if delta := int(b[0] >> 4); delta != 0 {
			field += delta
		} else {
			id, err := t.zigzag()
			if err != nil {
				return err
			}
			if id < 0 || id > math.MaxInt16 {
				return fmt.Errorf("its metadata have a field %d", id)
			}
			field = int(id)
		}
		if kind == thriftTrue || kind == thriftFalse {
			continue
		}
		if err := t.value(kind, depth, outer, field); err != nil {
			return err
		}
	}
}

// value reads a value that is not Boolean.
func (t *thriftReader) value(kind, depth, outer, field int) error {
	switch kind {
	case thriftTrue, thriftFalse, thriftByte:
		_, err := t.take(1)
		return err
	case thriftInt16, thriftInt32, thriftInt64:
		n, err := t.zigzag()
		if t.seen != nil && depth <= 1 && err == nil {
			t.seen(outer, field, n)
		}
		return err
	case thriftDouble:
		_, err := t.take(8)
		return err
	case thriftBinary:
		n, err := t.size()
		if err != nil {
			return err
		}
		_, err = t.take(n)
		return err
	case thriftList, thriftSet:
		return t.list(depth)
	case thriftStruct:
		return t.structure(depth+1, field)
	}
	return fmt.Errorf("its metadata have a value of the unknown type %d", kind)
}

// list reads a list, whose elements have a byte or more each.
func (t *thriftReader) list(depth int) error {
	b, err := t.take(1)
	if err != nil {
		return err
	}
	n := int(b[0] >> 4)
	if n == 0xf {
		if n, err = t.size(); err != nil {
			return err
		}
	}
	if n > len(t.left) {
		return errCutOff
	}
	for range n {
		if err := t.value(int(b[0]&0xf), depth+1, -1, -1); err != nil {
			return err
		}
	}
	return nil
}

// take returns the next n bytes.
func (t *thriftReader) take(n int) ([]byte, error) {
	if n > len(t.left) {
		return nil, errCutOff
	}
	b := t.left[:n]
	t.left = t.left[n:]
	return b, nil
}

// size reads the size of a string or a list.
func (t *thriftReader) size() (int, error) {
	n, err := t.varint()
	if err == nil && n > math.MaxInt32 {
		err = fmt.Errorf("its metadata have a size of %d", n)
	}
	return int(min(n, math.MaxInt32)), err
}

func (t *thriftReader) varint() (uint64, error) {
	n, used := binary.Uvarint(t.left)
	switch {
	case used == 0:
		return 0, errCutOff
	case used < 0:
		return 0, errors.New("its metadata have a number of more than 64 bits")
	}
	t.left = t.left[used:]
	return n, nil
}

func (t *thriftReader) zigzag() (int64, error) {
	n, err := t.varint()
	return int64(n>>1) ^ -int64(n&1), err
}
