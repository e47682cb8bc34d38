// Package openblas opens OpenBLAS, or another BLAS with a Fortran interface, without
// cgo.
package openblas

// Library is an open BLAS. Its Fortran entry points take every argument by address,
// so that calls need no floating-point registers, for which purego would use
// reflection, which is many times slower.
type Library struct {
	Name         string
	Core         string  // the CPU of the kernels, "" if unknown
	Sgemm, Dgemm uintptr // entry points for Call
	Sgemv, Dgemv uintptr
}

// Open opens the first available BLAS, and sets it to one thread per call.
func Open() (*Library, error) { return open(libraryNames) }
