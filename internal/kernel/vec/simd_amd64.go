package vec

import (
	"os"

	"golang.org/x/sys/cpu"
)

// SIMD returns the instruction set of the element-wise float32 kernels: "avx512", "avx2", or "none" for plain Go. It is
// the best that the processor supports, limited by the environment variable EURYALE_SIMD (avx2 or none).
func SIMD() string {
	switch {
	case vecWide:
		return "avx512"
	case simd:
		return "avx2"
	}
	return "none"
}

// simd is set if the float32 kernels run in assembly, vecWide if they use AVX-512; both are set once at start.
var simd, vecWide = chooseSIMD(os.Getenv("EURYALE_SIMD"))

func chooseSIMD(wanted string) (any, wide bool) {
	x := &cpu.X86
	avx2 := x.HasAVX2 && x.HasFMA
	avx512 := avx2 && x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL
	switch wanted {
	case "none":
		return false, false
	case "avx2":
		return avx2, false
	}
	return avx2, avx512
}
