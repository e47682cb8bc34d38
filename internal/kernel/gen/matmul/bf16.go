package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// avx512bf16 returns the instruction set for pairs of bfloat16, of which each replaces a
// float32: k counts pairs, and the sums are float32.
func avx512bf16() vector { v := avx512(4); v.of = pairs; return v }

// splitter splits float32 into bfloat16 parts, rounded to nearest even. Each part is the
// rounded remainder of those before. The last part of Inf and NaN is Inf or NaN, and the
// others are ±1, so that no product is Inf·0 unless it is in float32.
type splitter struct {
	parts                   int
	largest, sign, one      VecVirtual // constants
	near, rest              VecVirtual // scratch
	wideLow, wideHigh, half VecVirtual
}

func newSplitter(parts int) *splitter {
	s := &splitter{parts: parts}
	if parts == 1 {
		return s
	}
	s.largest, s.sign, s.one = constant(0x7f7f0000), constant(0x80000000), constant(0x3f800000)
	s.near, s.rest = ZMM(), ZMM()
	s.wideLow, s.wideHigh, s.half = ZMM(), ZMM(), ZMM()
	return s
}

// split emits the split of 32 numbers, low first, and returns the registers of the parts. It
// overwrites low and high.
func (s *splitter) split(low, high VecVirtual) (parts []VecVirtual) {
	for range s.parts - 1 {
		part := ZMM()
		s.finite(low, s.wideLow)
		s.finite(high, s.wideHigh)
		VPACKSSDW(s.wideLow, s.wideHigh, part) // stand-in for VCVTNE2PS2BF16
		s.leave(part.AsY(), low)
		VEXTRACTI64X4(Imm(1), part, s.half.AsY())
		s.leave(s.half.AsY(), high)
		parts = append(parts, part)
	}
	last := ZMM()
	VPACKSSDW(low, high, last)
	return append(parts, last)
}

// finite emits the value that a part other than the last is rounded from: x limited to the
// range of bfloat16.
func (s *splitter) finite(x, y VecVirtual) {
	odd := K()
	VMINPS(s.largest, x, y) // of a NaN, the largest
	VPORD(s.sign, s.largest, s.near)
	VMAXPS(s.near, y, y)
	VFPCLASSPSZ(Imm(0x99), x, odd)
	VPANDD(s.sign, x, s.near)
	VPORD(s.one, s.near, odd, y)
}

// leave emits x −= part, of bfloat16.
func (s *splitter) leave(part Op, x VecVirtual) {
	VPMOVZXWD(part, s.rest)
	VPSLLD(Imm(16), s.rest, s.rest)
	VSUBPS(s.rest, x, x)
}

// suffix returns the suffix of the names of routines with more than one part.
func suffix(parts int) string { return map[int]string{1: "", 2: "2", 3: "3"}[parts] }

// distance is the distance between parts.
type distance struct{ bytes GPVirtual }

// of returns the address of part i, where m is that of the first.
func (d distance) of(m Mem, i int) Mem {
	if i > 0 {
		m.Index, m.Scale = d.bytes, uint8(i)
	}
	return m
}

// toPairs emits the conversion of rows × cols float32 to bfloat16: numbers 2i and 2i+1
// of a row become pair i. Steps are in bytes, and part is the distance between parts. Rows
// are padded with zeros to a multiple of 16 pairs.
func toPairs(parts int) {
	TEXT("toPairs"+suffix(parts), NOSPLIT, "func(dst *float32, dstStep int, part int, src *float32, srcStep int, rows int, cols int)")
	dst, dstStep, part := load64("dst"), load64("dstStep"), distance{load64("part")}
	src, srcStep := load64("src"), load64("srcStep")
	rows, cols := load64("rows"), load64("cols")
	v, s := avx512(4), newSplitter(parts)
	low, high := ZMM(), ZMM()
	in, out, left := GP64(), GP64(), GP64()
	store := func() {
		for i, x := range s.split(low, high) {
			VMOVUPS(x, part.of(Mem{Base: out}, i))
		}
	}
	Label("row")
	MOVQ(src, in)
	MOVQ(dst, out)
	MOVQ(cols, left)
	Label("along")
	SUBQ(Imm(32), left)
	JL(LabelRef("tail"))
	VMOVUPS(Mem{Base: in}, low)
	VMOVUPS(Mem{Base: in, Disp: 64}, high)
	store()
	ADDQ(Imm(128), in)
	ADDQ(Imm(64), out)
	JMP(LabelRef("along"))
	Label("tail")
	ADDQ(Imm(32), left)
	JZ(LabelRef("next"))
	lower, upper := v.halves(left)
	VMOVUPS_Z(Mem{Base: in}, lower, low)
	VMOVUPS_Z(Mem{Base: in, Disp: 64}, upper, high)
	store()
	Label("next")
	ADDQ(srcStep, src)
	ADDQ(dstStep, dst)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// pairRows emits the conversion of rows × 2 rows of cols float32 to pairs, one number from
// an even row and one from an odd row, in panels of 32 pairs that are panelStep bytes apart.
// Source rows of the same parity are srcStep bytes apart, rows of pairs dstStep.
func pairRows(parts int) {
	TEXT("pairRows"+suffix(parts), NOSPLIT, "func(dst *float32, dstStep int, panelStep int, part int, even *float32, odd *float32, srcStep int, rows int, cols int)")
	dst, dstStep, panelStep, part := load64("dst"), load64("dstStep"), load64("panelStep"), distance{load64("part")}
	even, odd, srcStep := load64("even"), load64("odd"), load64("srcStep")
	rows, cols := load64("rows"), load64("cols")
	v, s := avx512(4), newSplitter(parts)
	order := ZMM()
	VMOVDQU16(interleaved(), order)
	last := GP64()
	MOVQ(cols, last)
	ANDQ(Imm(31), last)
	lower, upper := v.halves(last)
	a, b := ZMM(), ZMM()
	out, column, left := GP64(), GP64(), GP64() // column is in bytes
	pair := func(at int, mask Op) {
		e, o := Mem{Base: even, Index: column, Scale: 1, Disp: at}, Mem{Base: odd, Index: column, Scale: 1, Disp: at}
		if mask == nil {
			VMOVUPS(e, a)
			VMOVUPS(o, b)
		} else {
			VMOVUPS_Z(e, mask, a)
			VMOVUPS_Z(o, mask, b)
		}
		for i, x := range s.split(a, b) {
			VPERMW(x, order, x)
			to := part.of(Mem{Base: out, Disp: at}, i)
			if mask == nil {
				VMOVUPS(x, to)
			} else {
				VMOVUPS(x, mask, to)
			}
		}
	}
	Label("row")
	MOVQ(dst, out)
	XORQ(column, column)
	MOVQ(cols, left)
	Label("panel")
	SUBQ(Imm(32), left)
	JL(LabelRef("tail"))
	pair(0, nil)
	pair(64, nil)
	ADDQ(Imm(128), column)
	ADDQ(panelStep, out)
	JMP(LabelRef("panel"))
	Label("tail")
	CMPQ(left, I32(-32))
	JE(LabelRef("next"))
	pair(0, lower)
	pair(64, upper)
	Label("next")
	ADDQ(srcStep, even)
	ADDQ(srcStep, odd)
	ADDQ(dstStep, dst)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// merge emits C = alpha·A + beta·C for the first rows and columns of a tile of 32×32
// sums, with 128 bytes from row to row of A.
func merge() {
	v := avx512(4)
	TEXT("bMergeAVX512", NOSPLIT, "func(t *byte)")
	t := Load(Param("t"), GP64()).(GPVirtual)
	a, c, cRow, rows, cols := field(t, offA), field(t, offC), field(t, offCRow), field(t, offRows), field(t, offCols)
	lower, upper := v.halves(cols)
	alpha, beta, sum, old, bits := v.reg(), v.reg(), v.reg(), v.reg(), GP64()
	v.broadcast(Mem{Base: t, Disp: offAlpha}, alpha)
	v.broadcast(Mem{Base: t, Disp: offAlpha + 4}, beta)
	v.signless(Mem{Base: t, Disp: offAlpha + 4}, bits)
	Label("row")
	for i, mask := range []Op{lower, upper} {
		VMULPS(Mem{Base: a, Disp: 64 * i}, alpha, sum)
		TESTQ(bits, bits)
		JZ(LabelRef(label("store%d", i)))
		v.part(Mem{Base: c, Disp: 64 * i}, mask, old)
		v.fma(beta, old, sum)
		Label(label("store%d", i))
		v.partTo(sum, mask, Mem{Base: c, Disp: 64 * i})
	}
	ADDQ(Imm(128), a)
	ADDQ(cRow, c)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// halves returns the masks of the first n of 32 lanes in two registers.
func (v vector) halves(n GPVirtual) (first, second Op) {
	bits, a, b := GP64(), K(), K()
	MOVQ(I32(-1), bits)
	BZHIQ(n, bits, bits)
	KMOVW(bits.As32(), a)
	SHRQ(Imm(16), bits)
	KMOVW(bits.As32(), b)
	return a, b
}

var wordOrder *Mem

// interleaved returns the permutation 0, 16, 1, 17, … of words.
func interleaved() Mem {
	if wordOrder == nil {
		m := GLOBL("interleaved", RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(uint32(16+i)<<16|uint32(i)))
		}
		wordOrder = &m
	}
	return *wordOrder
}

// panel emits C = alpha·A·B + beta·C for at most 4 rows of A in float32 and one panel
// of B, 32 columns of bfloat16 in pairs along k. The weights are widened, which is
// exact, so that A is not rounded; the two products of a pair have separate sums.
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

// ahead is how many bytes before its use a panel is prefetched.
const ahead = 6144

// panelRows emits the code for a fixed number of rows and vectors.
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
		PREFETCHT0(Mem{Base: b, Disp: ahead + 64*j})
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

// sums returns registers for a tile of sums, and emits their initialization with zero.
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
