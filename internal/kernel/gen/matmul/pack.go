package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// load64 loads a pointer or integer parameter.
func load64(name string) GPVirtual { return Load(Param(name), GP64()).(GPVirtual) }

// copyPanels emits the copy of 8 rows of src, srcStep bytes apart, into panels
// of width bytes (a multiple of 64): row i of panel q goes to
// dst + q·panelStep + i·width.
func copyPanels() {
	TEXT("copyPanels8", NOSPLIT, "func(dst *byte, panelStep int, src *byte, srcStep int, panels int, width int)")
	dst, panelStep := load64("dst"), load64("panelStep")
	src, srcStep := load64("src"), load64("srcStep")
	panels, width := load64("panels"), load64("width")
	in, out, left := newStrided(src, srcStep, 8), GP64(), GP64()
	low, high := YMM(), YMM()
	Label("panel")
	MOVQ(dst, out)
	MOVQ(width, left)
	Label("columns")
	to := GP64()
	MOVQ(out, to)
	for i := range 8 {
		VMOVUPS(in.row(i), low)
		VMOVUPS(in.row(i).Offset(32), high)
		VMOVUPS(low, Mem{Base: to})
		VMOVUPS(high, Mem{Base: to, Disp: 32})
		ADDQ(width, to)
	}
	in.advance(Imm(64))
	ADDQ(Imm(64), out)
	SUBQ(Imm(64), left)
	JNZ(LabelRef("columns"))
	ADDQ(panelStep, dst)
	DECQ(panels)
	JNZ(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

// transpose emits dst[j·dstStep + i] = src[i·srcStep + j] for blocks of 8×8
// float32 along 8 rows of src, steps in bytes.
func transpose() {
	TEXT("transpose8", NOSPLIT, "func(dst *float32, dstStep int, src *float32, srcStep int, blocks int)")
	dst, dstStep := load64("dst"), load64("dstStep")
	src, srcStep, blocks := load64("src"), load64("srcStep"), load64("blocks")
	in := newStrided(src, srcStep, 8)
	Label("block")
	var r [8]VecVirtual
	for i := range r {
		r[i] = YMM()
		VMOVUPS(in.row(i), r[i])
	}
	for _, row := range transposed(r) {
		VMOVUPS(row, Mem{Base: dst})
		ADDQ(dstStep, dst)
	}
	in.advance(Imm(32))
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// transposed emits the three rounds of interleaving: of elements, of pairs, and of
// 128-bit halves.
func transposed(r [8]VecVirtual) (out [8]VecVirtual) {
	var s, u [8]VecVirtual
	for i := 0; i < 8; i += 2 {
		s[i], s[i+1] = YMM(), YMM()
		VUNPCKLPS(r[i+1], r[i], s[i])
		VUNPCKHPS(r[i+1], r[i], s[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for j := range 2 {
			u[i+2*j], u[i+2*j+1] = YMM(), YMM()
			VUNPCKLPD(s[i+j+2], s[i+j], u[i+2*j])
			VUNPCKHPD(s[i+j+2], s[i+j], u[i+2*j+1])
		}
	}
	for i := range 4 {
		out[i], out[i+4] = YMM(), YMM()
		VPERM2F128(Imm(0x20), u[i+4], u[i], out[i])
		VPERM2F128(Imm(0x31), u[i+4], u[i], out[i+4])
	}
	return out
}
