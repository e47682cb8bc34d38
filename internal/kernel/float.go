// Package kernel is the arithmetic of Euryale: matrix products and vectorised
// element-wise functions on slices, and the persistent workers that share the
// work. It knows nothing of tensors or graphs.
package kernel

// Float is the set of element types the kernels compute in.
type Float interface{ float32 | float64 }
