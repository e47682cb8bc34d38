// Command matmul writes the matrix-product kernels of package matmul,
// kernels_amd64.s: the register tile and the two products with a single row, each
// for AVX-512 and AVX2, float32 and float64; the tiles for pairs of bfloat16 and for
// groups of four bytes; the AMX tiles; and the packing routines.
//
//	go run ./matmul -out ../matmul/kernels_amd64.s -pkg matmul
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

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
	for _, parts := range []int{1, 2, 3} {
		toPairs(parts)
		pairRows(parts)
	}
	panel()
	merge()
	avx512int8().tile()
	toFours()
	mergeInts()
	stateComponents()
	Generate()
	finish()
}

// stateComponents emits the read of XCR0, the register sets that the system saves.
func stateComponents() {
	TEXT("stateComponents", NOSPLIT, "func() uint32")
	XORL(reg.ECX, reg.ECX)
	XGETBV()
	Store(reg.EAX, ReturnIndex(0))
	RET()
}
