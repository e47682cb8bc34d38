//go:build !amd64

package vec

// SIMD names the form in which the element-wise float32 kernels run: on this processor plain Go, "none".
func SIMD() string { return "none" }

// simd says that float32 kernels run in assembly.
const simd = false
