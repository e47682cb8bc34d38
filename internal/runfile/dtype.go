package runfile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"unsafe"

	"github.com/nlpodyssey/safetensors"
)

// typeOf returns the element type and the length of the Data of a Tensor.
func typeOf(data any) (safetensors.DType, int, error) {
	switch d := data.(type) {
	case []float32:
		return safetensors.F32, len(d), nil
	case []float64:
		return safetensors.F64, len(d), nil
	case []int64:
		return safetensors.I64, len(d), nil
	case []uint64:
		return safetensors.U64, len(d), nil
	case []int32:
		return safetensors.I32, len(d), nil
	case []uint32:
		return safetensors.U32, len(d), nil
	case []int16:
		return safetensors.I16, len(d), nil
	case []uint16:
		return safetensors.U16, len(d), nil
	case []int8:
		return safetensors.I8, len(d), nil
	case []uint8:
		return safetensors.U8, len(d), nil
	case []bool:
		return safetensors.BOOL, len(d), nil
	case Late:
		return safetensors.F32, d.N, nil
	}
	return 0, 0, fmt.Errorf("data of type %T cannot be stored: want a slice of float32, float64, bool or sized integers", data)
}

// decode reads n elements of type dtype as a slice; half precision becomes []float32.
func decode(r io.Reader, dtype safetensors.DType, n int) (any, error) {
	switch dtype {
	case safetensors.F32:
		return decodeSlice[float32](r, n)
	case safetensors.F64:
		return decodeSlice[float64](r, n)
	case safetensors.I64:
		return decodeSlice[int64](r, n)
	case safetensors.U64:
		return decodeSlice[uint64](r, n)
	case safetensors.I32:
		return decodeSlice[int32](r, n)
	case safetensors.U32:
		return decodeSlice[uint32](r, n)
	case safetensors.I16:
		return decodeSlice[int16](r, n)
	case safetensors.U16:
		return decodeSlice[uint16](r, n)
	case safetensors.I8:
		return decodeSlice[int8](r, n)
	case safetensors.U8:
		return decodeSlice[uint8](r, n)
	case safetensors.BOOL:
		return decodeSlice[bool](r, n)
	case safetensors.F16:
		return widen(r, n, float16)
	case safetensors.BF16:
		return widen(r, n, bfloat16)
	}
	return nil, fmt.Errorf("elements of type %s are not supported", dtype)
}

func decodeSlice[T any](r io.Reader, n int) ([]T, error) {
	out := make([]T, n)
	if n == 0 {
		return out, nil // binary.Read returns io.EOF for an empty slice
	}
	if v, ok := any(out).([]float32); ok && binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		_, err := io.ReadFull(r, unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), 4*n)) // binary.Read takes the memory twice
		return out, err
	}
	return out, binary.Read(r, binary.LittleEndian, out)
}

// widen reads n half-precision numbers as float32.
func widen(r io.Reader, n int, value func(uint16) float32) ([]float32, error) {
	half, err := decodeSlice[uint16](r, n)
	if err != nil {
		return nil, err
	}
	out := make([]float32, n)
	for i, h := range half {
		out[i] = value(h)
	}
	return out, nil
}

// bfloat16 converts a bfloat16 number, which is the upper half of a float32.
func bfloat16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// float16 converts an IEEE 754 binary16 number: 1 sign bit, 5 bits of exponent (bias 15),
// 10 bits of fraction.
func float16(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent, fraction := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0: // zero and the subnormals, fraction · 2⁻²⁴
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 0x1f: // infinities and NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
