package kernel

import "unsafe"

// fast says that the assembly does kernels of T.
func fast[T Float]() bool { return simd && unsafe.Sizeof(T(0)) == 4 }

// start points at the elements of x for the assembly; nil for a nil slice. T is float32.
func start[T Float](x []T) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(x))) }
