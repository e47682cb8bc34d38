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

// panel emits C = alpha·A·B + beta·C for at most 4 rows of A in float32 and one panel
// of B, 32 columns of bfloat16 in pairs along k. The weights are widened, which is
// exact, so that A is not rounded; a pair's two products go to sums of their own.
func panel() {
	v := avx512(4)
	TEXT("bPanelAVX512", NOSPLIT, "func(t *byte)")
	t := Load(Param("t"), GP64()).(GPVirtual)
	rows, cols := field(t, offRows), field(t, offCols)
	CMPQ(cols, Imm(16))
	JLE(LabelRef("single"))
	for _, vectors := range []int{2, 1} {
		for r := 4; r > 1; r-- {
			CMPQ(rows, Imm(uint64(r)))
			JE(LabelRef(label("rows%dx%d", r, vectors)))
		}
		for r := 1; r <= 4; r++ {
			Label(label("rows%dx%d", r, vectors))
			v.panelRows(t, r, vectors)
		}
		if vectors == 2 {
			Label("single")
		}
	}
}

// panelRows emits the code for exactly so many rows and vectors.
func (v vector) panelRows(t Register, rows, vectors int) {
	name := label("%dx%d", rows, vectors)
	even, odd := v.sums(rows, vectors), v.sums(rows, vectors)
	high, pair, low := ZMM(), ZMM(), ZMM()
	mask32 := GP64()
	MOVQ(U64(0xffff0000), mask32)
	VPBROADCASTD(mask32.As32(), high)
	a := newStrided(field(t, offA), field(t, offARow), rows)
	b, k := field(t, offB), field(t, offK)
	Label("loop" + name)
	for j := range vectors {
		VMOVUPS(Mem{Base: b, Disp: 64 * j}, pair)
		VPSLLD(Imm(16), pair, low)
		VPANDD(pair, high, pair)
		for i := range rows {
			VFMADD231PS_BCST(a.row(i), low, even[i][j])
			VFMADD231PS_BCST(a.row(i).Offset(4), pair, odd[i][j])
		}
	}
	a.advance(Imm(8))
	ADDQ(Imm(128), b)
	DECQ(k)
	JNZ(LabelRef("loop" + name))
	for i := range rows {
		for j := range vectors {
			VADDPS(odd[i][j], even[i][j], even[i][j])
		}
	}
	last := field(t, offCols)
	SUBQ(Imm(uint64(16*(vectors-1))), last)
	v.update(t, even, v.mask(last), name)
}

// sums are registers for a tile of sums, set to zero.
func (v vector) sums(rows, vectors int) [][]VecVirtual {
	acc := make([][]VecVirtual, rows)
	for i := range acc {
		acc[i] = make([]VecVirtual, vectors)
		for j := range acc[i] {
			acc[i][j] = v.reg()
			v.zero(acc[i][j])
		}
	}
	return acc
}
