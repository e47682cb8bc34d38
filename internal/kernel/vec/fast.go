package vec

import (
	"unsafe"

	"euryale/internal/kernel"
)

// fast reports whether the kernels of T run in assembly.
func fast[T kernel.Float]() bool { return simd && unsafe.Sizeof(T(0)) == 4 }

// start returns a pointer to the first element of x for assembly, nil for a nil slice. T is float32.
func start[T kernel.Float](x []T) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(x))) }
