package runfile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"unicode/utf8"

	"github.com/nlpodyssey/safetensors"

	"euryale/internal/mapped"
)

// Tensor is a named array in row-major order. Data is one of []float32, []float64, []int64,
// []uint64, []int32, []uint32, []int16, []uint16, []int8, []uint8 and []bool, with the number of
// elements of Shape. An empty Shape is a scalar, with one element.
type Tensor struct {
	Name  string
	Shape []int
	Data  any
}

// SaveTensors writes tensors and meta to path in the safetensors format
// (https://github.com/huggingface/safetensors), atomically. The file does not depend on the
// order of tensors: they are sorted by element size, the largest first, then by name. Empty,
// repeated or non-UTF-8 names, and data that do not match their shape, are errors that name the
// tensor, and nothing is written.
func SaveTensors(path string, tensors []Tensor, meta map[string]string) error {
	views := make(map[string]view, len(tensors))
	for _, t := range tensors {
		v, err := newView(t)
		if err != nil {
			return fmt.Errorf("write %s: tensor %q: %w", path, t.Name, err)
		}
		if _, ok := views[t.Name]; ok {
			return fmt.Errorf("write %s: tensor %q: two tensors have this name", path, t.Name)
		}
		views[t.Name] = v
	}
	return WriteAtomic(path, func(w io.Writer) error {
		return safetensors.SerializeToWriter(views, meta, w)
	})
}

// LoadTensors reads a safetensors file: its tensors sorted by name, and its metadata
// (nil if it has none). Half-precision tensors (F16, BF16) are converted to []float32; others have
// the type with which they were saved. The header is checked against the size of the file before
// memory is allocated for tensors; a truncated or inconsistent file is an error that names the
// first wrong tensor.
func LoadTensors(path string) (tensors []Tensor, meta map[string]string, err error) {
	err = withFile(path, func(f *os.File, size int64) (err error) {
		tensors, meta, err = tensorsOf(f, size, nil)
		return err
	})
	return tensors, meta, err
}

// MapTensors is LoadTensors, except that float32 values are the file itself, mapped into memory
// where the machine can do that: pages are read when they are first used. Changes of the values
// stay in memory. The mapping is never ended.
func MapTensors(path string) (tensors []Tensor, meta map[string]string, err error) {
	err = withFile(path, func(f *os.File, size int64) error {
		m, err := mapped.Open(f, int(size))
		if err != nil {
			return err
		}
		tensors, meta, err = tensorsOf(f, size, m)
		return err
	})
	return tensors, meta, err
}

// Shapes returns the shapes of the tensors of a safetensors file by name. It reads the header
// only, with the same checks as LoadTensors.
func Shapes(path string) (shapes map[string][]int, err error) {
	err = withFile(path, func(f *os.File, size int64) error {
		h, err := readHeader(f, size)
		if err != nil {
			return err
		}
		shapes = make(map[string][]int, len(h.tensors))
		for _, t := range h.tensors {
			shapes[t.name] = t.shape
		}
		return nil
	})
	return shapes, err
}

// withFile opens the regular file at path and calls read with it and its size.
func withFile(path string, read func(f *os.File, size int64) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("read %s: not a regular file", path)
	}
	if err := read(f, info.Size()); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// tensorsOf reads a safetensors file of size bytes; float32 values are those of m, if the file is
// mapped.
func tensorsOf(r io.ReaderAt, size int64, m *mapped.File) ([]Tensor, map[string]string, error) {
	h, err := readHeader(r, size)
	if err != nil {
		return nil, nil, err
	}
	tensors := make([]Tensor, len(h.tensors))
	for i, t := range h.tensors {
		tensors[i] = Tensor{Name: t.name, Shape: t.shape}
		if m != nil && t.dtype == safetensors.F32 {
			if v := mapped.Values[float32](m, int(h.start+t.begin), t.elements()); v != nil {
				tensors[i].Data = v
				continue
			}
		}
		raw := io.NewSectionReader(r, h.start+t.begin, t.end-t.begin)
		if tensors[i].Data, err = decode(raw, t.dtype, t.elements()); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", t.name, err)
		}
	}
	return tensors, h.meta, nil
}

// view adapts a Tensor to the safetensors writer, which gets the bytes of one tensor at a time.
type view struct {
	Tensor
	dtype safetensors.DType
}

func newView(t Tensor) (view, error) {
	switch {
	case t.Name == "" || t.Name == metadataKey:
		return view{}, fmt.Errorf("the format does not allow this name: choose another")
	case !utf8.ValidString(t.Name):
		return view{}, fmt.Errorf("the name is not valid UTF-8")
	}
	dtype, n, err := typeOf(t.Data)
	if err != nil {
		return view{}, err
	}
	want := 1
	for _, d := range t.Shape {
		if d < 0 || (d > 0 && want > math.MaxInt/d) {
			return view{}, fmt.Errorf("shape %v is invalid: it is negative or too large", t.Shape)
		}
		want *= d
	}
	if n != want {
		return view{}, fmt.Errorf("%d elements for shape %v, want %d", n, t.Shape, want)
	}
	return view{t, dtype}, nil
}

func (v view) DType() safetensors.DType { return v.dtype }

func (v view) Shape() []uint64 {
	shape := make([]uint64, len(v.Tensor.Shape)) // not nil: a scalar's shape is [] in JSON
	for i, d := range v.Tensor.Shape {
		shape[i] = uint64(d)
	}
	return shape
}

func (v view) DataLen() uint64 { return uint64(binary.Size(v.Tensor.Data)) }

func (v view) Data() []byte {
	raw := make([]byte, v.DataLen())
	if _, err := binary.Encode(raw, binary.LittleEndian, v.Tensor.Data); err != nil {
		panic(err) // typeOf admits only slices of fixed-size elements
	}
	return raw
}
