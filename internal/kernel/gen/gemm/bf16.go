package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// avx512bf16 multiplies pairs of bfloat16, one pair in the place of a float32: k
// counts pairs, and the sums are float32.
func avx512bf16() vector { v := avx512(4); v.pairs = true; return v }

// toPairs emits the conversion of rows × cols float32 to bfloat16, rounded to
// nearest even: numbers 2i and 2i+1 of a row become pair i. Steps are in bytes. An
// odd number at the end is paired with zero.
func toPairs() {
	TEXT("toPairs", NOSPLIT, "func(dst *float32, dstStep int, src *float32, srcStep int, rows int, cols int)")
	dst, dstStep := load64("dst"), load64("dstStep")
	src, srcStep := load64("src"), load64("srcStep")
	rows, cols := load64("rows"), load64("cols")
	v := avx512(4)
	low, high := ZMM(), ZMM()
	in, out, left := GP64(), GP64(), GP64()
	Label("row")
	MOVQ(src, in)
	MOVQ(dst, out)
	MOVQ(cols, left)
	Label("along")
	SUBQ(Imm(32), left)
	JL(LabelRef("tail"))
	VMOVUPS(Mem{Base: in}, low)
	VMOVUPS(Mem{Base: in, Disp: 64}, high)
	VPACKSSDW(low, high, low)
	VMOVUPS(low, Mem{Base: out})
	ADDQ(Imm(128), in)
	ADDQ(Imm(64), out)
	JMP(LabelRef("along"))
	Label("tail")
	ADDQ(Imm(32), left)
	JZ(LabelRef("next"))
	first, second := v.halves(left)
	VMOVUPS_Z(Mem{Base: in}, first, low)
	VMOVUPS_Z(Mem{Base: in, Disp: 64}, second, high)
	VPACKSSDW(low, high, low)
	pairs := GP64()
	MOVQ(left, pairs)
	INCQ(pairs)
	SHRQ(Imm(1), pairs)
	VMOVUPS(low, v.mask(pairs), Mem{Base: out})
	Label("next")
	ADDQ(srcStep, src)
	ADDQ(dstStep, dst)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// pairRows emits the conversion of two rows of cols float32 to pairs, one number
// from each row, in panels of 32 pairs that are panelStep bytes apart.
func pairRows() {
	TEXT("pairRows", NOSPLIT, "func(dst *float32, panelStep int, even *float32, odd *float32, cols int)")
	dst, panelStep := load64("dst"), load64("panelStep")
	even, odd, cols := load64("even"), load64("odd"), load64("cols")
	v := avx512(4)
	order := ZMM()
	VMOVDQU16(interleaved(), order)
	a, b := ZMM(), ZMM()
	pair := func(at int, to Mem, mask Op) {
		e, o := Mem{Base: even, Disp: at}, Mem{Base: odd, Disp: at}
		if mask == nil {
			VMOVUPS(e, a)
			VMOVUPS(o, b)
		} else {
			VMOVUPS_Z(e, mask, a)
			VMOVUPS_Z(o, mask, b)
		}
		VPACKSSDW(a, b, a)
		VPERMW(a, order, a)
		if mask == nil {
			VMOVUPS(a, to)
		} else {
			VMOVUPS(a, mask, to)
		}
	}
	Label("panel")
	SUBQ(Imm(32), cols)
	JL(LabelRef("tail"))
	pair(0, Mem{Base: dst}, nil)
	pair(64, Mem{Base: dst, Disp: 64}, nil)
	ADDQ(Imm(128), even)
	ADDQ(Imm(128), odd)
	ADDQ(panelStep, dst)
	JMP(LabelRef("panel"))
	Label("tail")
	ADDQ(Imm(32), cols)
	JZ(LabelRef("end"))
	first, second := v.halves(cols)
	pair(0, Mem{Base: dst}, first)
	pair(64, Mem{Base: dst, Disp: 64}, second)
	Label("end")
	VZEROUPPER()
	RET()
}

// halves are the masks of the first n of 32 lanes in two registers.
func (v vector) halves(n GPVirtual) (first, second Op) {
	bits, a, b := GP64(), K(), K()
	MOVQ(I32(-1), bits)
	BZHIQ(n, bits, bits)
	KMOVW(bits.As32(), a)
	SHRQ(Imm(16), bits)
	KMOVW(bits.As32(), b)
	return a, b
}

// interleaved is the order 0, 16, 1, 17, … of words.
func interleaved() Mem {
	m := GLOBL("interleaved", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(uint32(16+i)<<16|uint32(i)))
	}
	return m
}
