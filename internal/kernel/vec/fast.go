package vec

import (
	"unsafe"

	"euryale/internal/kernel"
)

// fast says that the assembly does kernels of T.
func fast[T kernel.Float]() bool { return simd && unsafe.Sizeof(T(0)) == 4 }

// start points at the elements of x for the assembly; nil for a nil slice. T is float32.
func start[T kernel.Float](x []T) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(x))) }
