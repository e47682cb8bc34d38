package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// avx512int8 returns the instruction set for groups of four bytes, of which each replaces a
// float32: k counts groups, and the sums are int32.
func avx512int8() vector { v := avx512(4); v.of = fours; return v }

// unscale emits the conversion of integer sums to float32. The last step of a row of A is
// followed by the scale factor of the row, those of B by a row of the scale factors of its
// columns and a row of the excess of the sums that results from the offset 128 of A.
func (v vector) unscale(a strided, b GPVirtual, acc [][]VecVirtual) {
	factor, excess := v.reg(), v.reg()
	for j := range acc[0] {
		v.load(Mem{Base: b, Disp: 64 * j}, factor)
		v.load(Mem{Base: b, Disp: 128 + 64*j}, excess)
		for i := range acc {
			v.toFloat(acc[i][j], factor, excess)
		}
	}
	for i := range acc {
		v.broadcast(a.row(i), factor)
		for _, sum := range acc[i] {
			v.mul(factor, sum, sum)
		}
	}
}

// toFloat emits sum = (sum − excess)·factor for an integer sum.
func (v vector) toFloat(sum, factor, excess VecVirtual) {
	VPSUBD(excess, sum, sum)
	VCVTDQ2PS(sum, sum)
	v.mul(factor, sum, sum)
}

// toFours emits the conversion of rows × cols float32 to bytes: x·127/m + 128, rounded to
// nearest even, where m is the largest magnitude of the row. Numbers 4i to 4i+3 become group
// i of a row, which is padded to whole vectors; m/127 is stored at index steps. Distances of
// rows are in bytes. The factor of a row with Inf or NaN is Inf or NaN.
func toFours() {
	TEXT("toFours", NOSPLIT, "func(dst *float32, dstStep int, src *float32, srcStep int, rows int, cols int, steps int)")
	dst, dstStep, src, srcStep := load64("dst"), load64("dstStep"), load64("src"), load64("srcStep")
	rows, cols, steps := load64("rows"), load64("cols"), load64("steps")
	magnitude, range127, share, half := constant(0x7fffffff), constant(math.Float32bits(127)), constant(math.Float32bits(1./127)), constant(128)
	largest, inverse, x := ZMM(), ZMM(), ZMM()
	in, out := GP64(), GP64()
	Label("row")
	MOVQ(src, in)
	VPXORD(largest, largest, largest)
	along(cols, "max", func(load func(VecVirtual)) {
		load(x)
		VPANDD(magnitude, x, x)
		VPMAXUD(x, largest, largest) // compared as integers, so that NaN is the largest
		ADDQ(Imm(64), in)
	}, in)
	maxLane(largest)
	VDIVPS(largest, range127, inverse)
	MOVQ(src, in)
	MOVQ(dst, out)
	along(cols, "convert", func(load func(VecVirtual)) {
		load(x)
		VMULPS(inverse, x, x)
		VCVTPS2DQ(x, x)
		VPADDD(half, x, x)
		VPMOVDB(x, Mem{Base: out})
		ADDQ(Imm(64), in)
		ADDQ(Imm(16), out)
	}, in)
	VMULPS(share, largest, largest)
	VMOVSS(largest.AsX(), Mem{Base: dst, Index: steps, Scale: 4})
	ADDQ(srcStep, src)
	ADDQ(dstStep, dst)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// along emits body for every 16 of n numbers at in; load emits their load, with zeros after
// the last.
func along(n GPVirtual, name string, body func(load func(VecVirtual)), in GPVirtual) {
	left := GP64()
	MOVQ(n, left)
	Label(name)
	SUBQ(Imm(16), left)
	JL(LabelRef(name + "Tail"))
	body(func(x VecVirtual) { VMOVUPS(Mem{Base: in}, x) })
	JMP(LabelRef(name))
	Label(name + "Tail")
	ADDQ(Imm(16), left)
	JZ(LabelRef(name + "End"))
	mask := avx512(4).mask(left)
	body(func(x VecVirtual) { VMOVUPS_Z(Mem{Base: in}, mask, x) })
	Label(name + "End")
}

// maxLane emits the maximum of 16 unsigned integers, in all lanes of x.
func maxLane(x VecVirtual) {
	half, quarter := YMM(), XMM()
	VEXTRACTI64X4(Imm(1), x, half)
	VPMAXUD(half, x.AsY(), half)
	VEXTRACTI128(Imm(1), half, quarter)
	VPMAXUD(quarter, half.AsX(), quarter)
	VPSHUFD(Imm(0x4e), quarter, half.AsX())
	VPMAXUD(quarter, half.AsX(), quarter)
	VPSHUFD(Imm(0xb1), quarter, half.AsX())
	VPMAXUD(quarter, half.AsX(), quarter)
	VPBROADCASTD(quarter, x)
}

// mergeInts emits C = alpha·A + beta·C for the first rows and columns of a tile of 32×32
// integer sums at A, 128 bytes a row, followed by the scale factors of the rows; B points to
// the scale factors of the columns.
func mergeInts() {
	v := avx512(4)
	TEXT("qMergeAVX512", NOSPLIT, "func(t *byte)")
	t := Load(Param("t"), GP64()).(GPVirtual)
	a, b, c, cRow, rows, cols := field(t, offA), field(t, offB), field(t, offC), field(t, offCRow), field(t, offRows), field(t, offCols)
	lower, upper := v.halves(cols)
	alpha, beta, row, old, bits := v.reg(), v.reg(), v.reg(), v.reg(), GP64()
	v.broadcast(Mem{Base: t, Disp: offAlpha}, alpha)
	v.broadcast(Mem{Base: t, Disp: offAlpha + 4}, beta)
	v.signless(Mem{Base: t, Disp: offAlpha + 4}, bits)
	factors := GP64()
	LEAQ(Mem{Base: a, Disp: 32 * 128}, factors)
	Label("row")
	v.broadcast(Mem{Base: factors}, row)
	for i, mask := range []Op{lower, upper} {
		sum, factor, excess := v.reg(), v.reg(), v.reg()
		v.load(Mem{Base: a, Disp: 64 * i}, sum)
		v.load(Mem{Base: b, Disp: 64 * i}, factor)
		v.load(Mem{Base: b, Disp: 128 + 64*i}, excess)
		v.toFloat(sum, factor, excess)
		v.mul(row, sum, sum)
		v.mul(alpha, sum, sum)
		TESTQ(bits, bits)
		JZ(LabelRef(label("store%d", i)))
		v.part(Mem{Base: c, Disp: 64 * i}, mask, old)
		v.fma(beta, old, sum)
		Label(label("store%d", i))
		v.partTo(sum, mask, Mem{Base: c, Disp: 64 * i})
	}
	ADDQ(Imm(128), a)
	ADDQ(Imm(4), factors)
	ADDQ(cRow, c)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// constant returns a register with these bits in every lane.
func constant(bits uint32) VecVirtual {
	r, z := GP32(), ZMM()
	MOVL(U32(bits), r)
	VPBROADCASTD(r, z)
	return z
}
