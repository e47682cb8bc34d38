package rankstest

import (
	"unsafe"

	"euryale/internal/ranks"
)

// combine sets the values of b to those of op over b and other.
func combine(b, other []byte, kind ranks.Kind, op ranks.Op) {
	switch kind {
	case ranks.Float32:
		combineValues(values[float32](b), values[float32](other), op)
	case ranks.Float64:
		combineValues(values[float64](b), values[float64](other), op)
	case ranks.Int64:
		combineValues(values[int64](b), values[int64](other), op)
	}
}

func values[N ranks.Number](b []byte) []N {
	var n N
	return unsafe.Slice((*N)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(n)))
}

func combineValues[N ranks.Number](x, y []N, op ranks.Op) {
	for i := range x {
		switch op {
		case ranks.Sum:
			x[i] += y[i]
		case ranks.Max:
			x[i] = max(x[i], y[i])
		case ranks.Min:
			x[i] = min(x[i], y[i])
		}
	}
}
