//go:build !amd64

package vec

// SIMD returns "none": on this processor the element-wise float32 kernels run in plain Go.
func SIMD() string { return "none" }

// simd is set if the float32 kernels run in assembly.
const simd = false
