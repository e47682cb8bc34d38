// Package kernel holds what the packages of the arithmetic have in common. The
// arithmetic works on slices and knows nothing of tensors or graphs:
//
//	kernel/matmul    matrix products: tiers, precision, packed operands
//	kernel/vec       element-wise functions, reductions, norms, recurrent cells, AdamW
//	kernel/pool      the persistent workers that share the work
//	kernel/openblas  opens an OpenBLAS without cgo
//
// matmul imports parallel and openblas; the others import no package but this one.
package kernel

// Float is the set of element types the kernels compute in.
type Float interface{ float32 | float64 }

// Error is the panic value of a call whose arguments do not fit together: a
// mistake of the calling code, which layers may recover and report with the
// name of the operation.
type Error struct {
	Op  string // the function called, with its package: "matmul.Gemm"
	Msg string // what was wrong with which argument
}

// Error returns the message in one line.
func (e *Error) Error() string { return e.Op + ": " + e.Msg }
