// Package kernel has the element types and the error type of the numeric packages
// below it. These work on slices, and are independent of tensors and graphs:
//
//	kernel/matmul    matrix products: tiers, precision, packed operands
//	kernel/vec       element-wise functions, reductions, norms, recurrent cells, AdamW
//	kernel/parallel  persistent workers for parallel loops
//	kernel/openblas  opens an OpenBLAS without cgo
//
// matmul imports parallel and openblas; the others import no package but this one.
package kernel

// Float is the set of element types of the kernels.
type Float interface{ float32 | float64 }

// Error is the panic value of a call with inconsistent arguments: a programming
// error, which layers may recover and return with the name of the operation.
type Error struct {
	Op  string // the function called, with its package: "matmul.Gemm"
	Msg string // which argument is wrong, and how
}

// Error returns "Op: Msg".
func (e *Error) Error() string { return e.Op + ": " + e.Msg }
