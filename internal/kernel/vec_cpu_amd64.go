package kernel

import (
	"os"

	"golang.org/x/sys/cpu"
)

// simd says that float32 kernels run in assembly, vecWide that its AVX-512 form is used. They are set
// once at start from the processor; EURYALE_SIMD=avx2 or none asks for less.
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
