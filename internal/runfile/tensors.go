package runfile

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/nlpodyssey/safetensors"
)

// Tensor is a named array in row-major order. Data is one of []float32, []float64, []int64,
// []uint64, []int32, []uint32, []int16, []uint16, []int8, []uint8 and []bool, with the number of
// elements of Shape. An empty Shape is a scalar, with one element.
type Tensor struct {
	Name  string
	Shape []int
	Data  any
}

// Late is Data of a Tensor that SaveTensors reads when it writes the tensor, so that not all
// of them need be in memory at once: N values of type float32. Tensors are written in the order
// of their names.
type Late struct {
	N    int
	Read func() ([]float32, error)
}

// SaveTensors writes tensors and meta to path in the safetensors format
// (https://github.com/huggingface/safetensors), atomically. The file does not depend on the
// order of tensors: they are sorted by element size, the largest first, then by name. Empty,
// repeated or non-UTF-8 names, and data that do not match their shape, are errors that name the
// tensor, and nothing is written.
func SaveTensors(path string, tensors []Tensor, meta map[string]string) error {
	views := make(map[string]view, len(tensors))
	var late error
	for _, t := range tensors {
		v, err := newView(t)
		v.failed = &late
		if err != nil {
			return fmt.Errorf("write %s: tensor %q: %w", path, t.Name, err)
		}
		if _, ok := views[t.Name]; ok {
			return fmt.Errorf("write %s: tensor %q: two tensors have this name", path, t.Name)
		}
		views[t.Name] = v
	}
	return WriteAtomic(path, func(w io.Writer) error {
		if err := safetensors.SerializeToWriter(views, meta, w); err != nil {
			return err
		}
		return late
	})
}

// view adapts a Tensor to the safetensors writer, which gets the bytes of one tensor at a time.
type view struct {
	Tensor
	dtype  safetensors.DType
	failed *error // of the first Late data that could not be read
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
	return view{Tensor: t, dtype: dtype}, nil
}

func (v view) DType() safetensors.DType { return v.dtype }

func (v view) Shape() []uint64 {
	shape := make([]uint64, len(v.Tensor.Shape)) // not nil: a scalar's shape is [] in JSON
	for i, d := range v.Tensor.Shape {
		shape[i] = uint64(d)
	}
	return shape
}

func (v view) DataLen() uint64 {
	if d, ok := v.Tensor.Data.(Late); ok {
		return 4 * uint64(d.N)
	}
	return uint64(binary.Size(v.Tensor.Data))
}

func (v view) Data() []byte {
	raw := make([]byte, v.DataLen())
	data := v.Tensor.Data
	if d, ok := data.(Late); ok {
		values, err := d.Read()
		if err != nil || len(values) != d.N {
			if *v.failed == nil {
				*v.failed = cmp.Or(err, fmt.Errorf("tensor %q: %d values, want %d", v.Name, len(values), d.N))
			}
			return raw
		}
		data = values
	}
	if _, err := binary.Encode(raw, binary.LittleEndian, data); err != nil {
		panic(err) // typeOf admits only slices of fixed-size elements
	}
	return raw
}
