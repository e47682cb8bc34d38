// Command gemm writes the matrix-product kernels of package kernel,
// gemm_amd64.s: the register tile, the two products with a single row, each
// for AVX-512 and AVX2, float32 and float64, the tile for pairs of bfloat16, and the copies
// that pack.
//
//	go run ./gemm -out ../gemm_amd64.s -pkg kernel
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	for _, v := range []vector{avx512(4), avx512(8), avx2(4), avx2(8)} {
		v.tile()
		v.rowsTimes()
		v.dots()
	}
	avx512bf16().tile()
	copyPanels()
	transpose()
	toPairs()
	pairRows()
	panel()
	spinPause()
	Generate()
	replaceStandIns()
}

// spinPause emits the hint that this thread only waits.
func spinPause() {
	TEXT("pause", NOSPLIT, "func()")
	Comment("Four of them took 100 to 150 ns on a Zen 5.")
	for range 4 {
		PAUSE()
	}
	RET()
}
