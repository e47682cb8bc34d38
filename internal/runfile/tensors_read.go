package runfile

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/nlpodyssey/safetensors"

	"euryale/internal/mapped"
)

// TensorFile is an open safetensors file, whose tensors are read one at a time.
type TensorFile struct {
	io.Closer
	path  string
	bytes io.ReaderAt
	head  header
	index map[string]int // in head.tensors, by name
	file  *mapped.File   // if the file is mapped
}

// TensorInfo is what the header of a file says of a tensor.
type TensorInfo struct {
	Name  string
	Shape []int
	DType string // "F32", "BF16", "I64", …
}

// OpenTensors opens a safetensors file and checks its header against the size of the file. It
// reads no tensor.
func OpenTensors(path string) (*TensorFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	t, err := openTensors(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	t.path = path
	return t, nil
}

func openTensors(f *os.File) (*TensorFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	t, err := newTensorFile(f, info.Size())
	if err != nil {
		return nil, err
	}
	t.Closer = f
	return t, nil
}

// newTensorFile reads the header of a file of size bytes.
func newTensorFile(r io.ReaderAt, size int64) (*TensorFile, error) {
	h, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	t := &TensorFile{bytes: r, head: h, index: make(map[string]int, len(h.tensors))}
	for i, e := range h.tensors {
		t.index[e.name] = i
	}
	return t, nil
}

// Infos returns what the file has, sorted by name.
func (t *TensorFile) Infos() []TensorInfo {
	infos := make([]TensorInfo, len(t.head.tensors))
	for i, e := range t.head.tensors {
		infos[i] = TensorInfo{e.name, e.shape, e.dtype.String()}
	}
	return infos
}

// Read reads one tensor. Half-precision numbers (F16, BF16) become []float32.
func (t *TensorFile) Read(name string) (Tensor, error) {
	i, ok := t.index[name]
	if !ok {
		return Tensor{}, fmt.Errorf("read %s: there is no tensor %q", t.path, name)
	}
	e := t.head.tensors[i]
	if t.file != nil && e.dtype == safetensors.F32 {
		if v := mapped.Values[float32](t.file, int(t.head.start+e.begin), e.elements()); v != nil {
			return Tensor{Name: name, Shape: e.shape, Data: v}, nil
		}
	}
	data, err := decode(io.NewSectionReader(t.bytes, t.head.start+e.begin, e.end-e.begin), e.dtype, e.elements())
	if err != nil {
		return Tensor{}, fmt.Errorf("read %s: tensor %q: %w", t.path, name, err)
	}
	return Tensor{Name: name, Shape: e.shape, Data: data}, nil
}

// all reads all tensors, sorted by name.
func (t *TensorFile) all() (tensors []Tensor, err error) {
	tensors = make([]Tensor, len(t.head.tensors))
	for i, e := range t.head.tensors {
		if tensors[i], err = t.Read(e.name); err != nil {
			return nil, err
		}
	}
	return tensors, nil
}

// LoadTensors reads a safetensors file: its tensors sorted by name, and its metadata
// (nil if it has none). Half-precision tensors (F16, BF16) are converted to []float32; others have
// the type with which they were saved. The header is checked against the size of the file before
// memory is allocated for tensors; a truncated or inconsistent file is an error that names the
// first wrong tensor.
func LoadTensors(path string) (tensors []Tensor, meta map[string]string, err error) {
	t, err := OpenTensors(path)
	if err != nil {
		return nil, nil, err
	}
	defer t.Close()
	tensors, err = t.all()
	return tensors, t.head.meta, err
}

// MapTensors is LoadTensors, except that float32 values are the file itself, mapped into memory
// where the machine can do that: pages are read when they are first used. Changes of the values
// stay in memory. The mapping is never ended.
func MapTensors(path string) (tensors []Tensor, meta map[string]string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	t, err := openTensors(f)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	last := int64(0)
	for _, e := range t.head.tensors {
		last = max(last, e.end)
	}
	t.path = path
	if t.file, err = mapped.Open(f, int(t.head.start+last)); err != nil {
		return nil, nil, err
	}
	tensors, err = t.all()
	return tensors, t.head.meta, err
}

// Shapes returns the shapes of the tensors of a safetensors file by name. It reads the header
// only, with the same checks as LoadTensors.
func Shapes(path string) (map[string][]int, error) {
	t, err := OpenTensors(path)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	shapes := make(map[string][]int, len(t.head.tensors))
	for _, e := range t.head.tensors {
		shapes[e.name] = e.shape
	}
	return shapes, nil
}
