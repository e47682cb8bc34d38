// Package openblas opens an OpenBLAS, or another BLAS with its Fortran interface,
// without cgo.
package openblas

// Library is an opened BLAS. Its Fortran entry points take every argument by
// address, so that a call needs no floating-point registers, which purego
// would fill through reflection, many times slower.
type Library struct {
	Name         string
	Core         string  // the CPU the kernels were made for, "" if it does not say
	Sgemm, Dgemm uintptr // for Call
	Sgemv, Dgemv uintptr
}

// Open opens the first BLAS that it finds, which then computes on one thread per call.
func Open() (*Library, error) { return open(libraryNames) }
