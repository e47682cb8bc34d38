package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// group is the number of rows of B that the single-row kernels read in parallel: the
// number of streams that hardware prefetchers support.
const group = 8

// eachRow emits f for the rows of A and C: for most of them at once where so many share a B, else for one.
// f must not change its registers.
func (v vector) eachRow(t Register, name string, most int, f func(a, b, c GPVirtual, rows int)) {
	a, b, c, left := field(t, offA), field(t, offB), field(t, offC), field(t, offRows)
	Label("group" + name)
	shared := field(t, offGroup)
	Label("row" + name)
	step := func(rows int) {
		f(a, b, c, rows)
		for range rows {
			ADDQ(Mem{Base: t, Disp: offARow}, a)
			ADDQ(Mem{Base: t, Disp: offCRow}, c)
		}
		SUBQ(Imm(uint64(rows)), left)
		JZ(LabelRef("done" + name))
		SUBQ(Imm(uint64(rows)), shared)
		JNZ(LabelRef("row" + name))
		ADDQ(Mem{Base: t, Disp: offBGroup}, b)
		JMP(LabelRef("group" + name))
	}
	if most > 1 {
		CMPQ(shared, Imm(uint64(most)))
		JL(LabelRef("single" + name))
		step(most)
		Label("single" + name)
	}
	step(1)
	Label("done" + name)
	VZEROUPPER()
	RET()
}

// rowsTimes emits c[j] += Σ a[i]·B[i][j] for k rows of B (8, or any number one
// by one) and cols columns, for each row of A. Every c[j] is one chain of multiply-adds in the
// order of i.
func (v vector) rowsTimes() {
	TEXT(v.name("Rows"), NOSPLIT, "func(t *byte)")
	t := Load(Param("t"), GP64()).(GPVirtual)
	CMPQ(Mem{Base: t, Disp: offK}, Imm(group))
	JNE(LabelRef("one"))
	v.eachRow(t, "8", 1, func(a, b, c GPVirtual, _ int) { v.addRows(t, a, b, c, group) })
	Label("one")
	v.eachRow(t, "1", 1, func(a, b, c GPVirtual, _ int) {
		from, row, k := GP64(), GP64(), field(t, offK)
		MOVQ(a, from)
		MOVQ(b, row)
		Label("next")
		v.addRows(t, from, row, c, 1)
		ADDQ(Imm(uint64(v.size)), from)
		ADDQ(Mem{Base: t, Disp: offBStep}, row)
		DECQ(k)
		JNZ(LabelRef("next"))
	})
}

// addRows emits c += Σ a[i]·B[i] for a fixed number of rows.
func (v vector) addRows(t Register, a, b, first GPVirtual, rows int) {
	x := make([]VecVirtual, rows)
	for i := range x {
		x[i] = v.reg()
		v.broadcast(Mem{Base: a, Disp: i * v.size}, x[i])
	}
	s := newStrided(b, field(t, offBStep), rows)
	c, n := GP64(), field(t, offCols)
	MOVQ(first, c)
	sum, y := v.reg(), v.reg()
	name := label("%d", rows)
	step := func(load func(Mem, Op)) {
		load(Mem{Base: c}, sum)
		for i := range rows {
			load(s.row(i), y)
			v.fma(x[i], y, sum)
		}
	}
	Label("columns" + name)
	SUBQ(Imm(uint64(v.lanes)), n)
	JL(LabelRef("tail" + name))
	step(v.load)
	v.store(sum, Mem{Base: c})
	s.advance(Imm(uint64(v.bytes())))
	ADDQ(Imm(uint64(v.bytes())), c)
	JMP(LabelRef("columns" + name))
	Label("tail" + name)
	ADDQ(Imm(uint64(v.lanes)), n)
	JZ(LabelRef("end" + name))
	if v.wide { // a masked store of c would delay the next load of it
		CMPQ(n, Imm(uint64(v.lanes/2)))
		JL(LabelRef("part" + name))
		v.load(Mem{Base: c}, sum.AsY())
		for i := range rows {
			v.load(s.row(i), y.AsY())
			v.fma(x[i].AsY(), y.AsY(), sum.AsY())
		}
		v.store(sum.AsY(), Mem{Base: c})
		s.advance(Imm(uint64(v.bytes() / 2)))
		ADDQ(Imm(uint64(v.bytes()/2)), c)
		SUBQ(Imm(uint64(v.lanes/2)), n)
		JZ(LabelRef("end" + name))
		Label("part" + name)
	}
	mask := v.mask(n)
	step(func(m Mem, r Op) { v.part(m, mask, r) })
	v.partTo(sum, mask, Mem{Base: c})
	Label("end" + name)
}

// dots emits c[j] += alpha·Σ a[i]·B[j][i] for cols rows of B (8, or any number
// one by one), each k long, for each row of A: lanes have separate sums, which are added at the end.
// With AVX-512 and 8 rows of B, it multiplies two rows of A at once where they share a B: 16 sums need
// the 32 registers.
func (v vector) dots() {
	TEXT(v.name("Dots"), NOSPLIT, "func(t *byte)")
	t := Load(Param("t"), GP64()).(GPVirtual)
	most := 1
	if v.wide {
		most = 2
	}
	CMPQ(Mem{Base: t, Disp: offCols}, Imm(group))
	JNE(LabelRef("one"))
	v.eachRow(t, "8", most, func(a, b, c GPVirtual, rows int) { v.addDots(t, a, b, c, group, rows) })
	Label("one")
	v.eachRow(t, "1", 1, func(a, b, c GPVirtual, _ int) {
		row, sum, n := GP64(), GP64(), field(t, offCols)
		MOVQ(b, row)
		MOVQ(c, sum)
		Label("next")
		v.addDots(t, a, row, sum, 1, 1)
		ADDQ(Mem{Base: t, Disp: offBStep}, row)
		ADDQ(Imm(uint64(v.size)), sum)
		DECQ(n)
		JNZ(LabelRef("next"))
	})
}

// addDots emits the dot products of one or two rows of A with a fixed number
// of rows of B.
func (v vector) addDots(t Register, first, b, c GPVirtual, rows, rowsA int) {
	s := newStrided(b, field(t, offBStep), rows)
	a := newStrided(first, field(t, offARow), rowsA)
	k := field(t, offK)
	sum, x := make([][]VecVirtual, rowsA), make([]VecVirtual, rowsA)
	for l := range sum {
		x[l] = v.reg()
		for range rows {
			r := v.reg()
			v.zero(r)
			sum[l] = append(sum[l], r)
		}
	}
	y := v.reg()
	name := label("%dx%d", rowsA, rows)
	step := func(load func(Mem, Op)) {
		for l := range x {
			load(a.row(l), x[l])
		}
		for i := range rows {
			load(s.row(i), y)
			for l := range x {
				v.fma(x[l], y, sum[l][i])
			}
		}
	}
	Label("along" + name)
	SUBQ(Imm(uint64(v.lanes)), k)
	JL(LabelRef("tail" + name))
	step(v.load)
	s.advance(Imm(uint64(v.bytes())))
	a.advance(Imm(uint64(v.bytes())))
	JMP(LabelRef("along" + name))
	Label("tail" + name)
	ADDQ(Imm(uint64(v.lanes)), k)
	JZ(LabelRef("sum" + name))
	mask := v.mask(k)
	step(func(m Mem, r Op) { v.part(m, mask, r) })
	Label("sum" + name)
	out := newStrided(c, field(t, offCRow), rowsA)
	for l := range sum {
		if v.wide && v.size == 4 && rows == group {
			v.addEight(t, sum[l], out.row(l))
			continue
		}
		for i, r := range sum[l] {
			v.addLanes(t, r, out.row(l).Offset(i*v.size))
		}
	}
}

// addEight emits addLanes of eight vectors of 16 floats whose sums are neighbours in memory: the same additions,
// for several vectors at once. It overwrites r.
func (v vector) addEight(t Register, r []VecVirtual, m Mem) {
	other := v.reg()
	for _, i := range []int{0, 1} { // the vectors of the even places and of the odd ones
		for _, a := range []int{i, i + 4} { // 16 lanes of two vectors to 8
			VSHUFF64X2(Imm(0x44), r[a+2], r[a], other)
			VSHUFF64X2(Imm(0xEE), r[a+2], r[a], r[a])
			v.add(other, r[a], r[a])
		}
		VSHUFF32X4(Imm(0x88), r[i+4], r[i], other) // 8 lanes of four vectors to 4
		VSHUFF32X4(Imm(0xDD), r[i+4], r[i], r[i])
		v.add(other, r[i], r[i])
	}
	VUNPCKLPD(r[1], r[0], other) // to 2
	VUNPCKHPD(r[1], r[0], r[0])
	v.add(other, r[0], r[0])
	VMOVSHDUP(r[0], other) // to 1, in the even lanes
	v.add(other, r[0], r[0])
	sums, alpha := YMM(), YMM()
	VPMOVQD(r[0], sums)
	VBROADCASTSS(Mem{Base: t, Disp: offAlpha}, alpha)
	VMOVUPS(m, other.AsY())
	VFMADD231PS(alpha, sums, other.AsY())
	VMOVUPS(other.AsY(), m)
}

// addLanes emits m += alpha·(the sum of the vector's lanes), by halving.
func (v vector) addLanes(t Register, r VecVirtual, m Mem) {
	high := YMM()
	if v.wide {
		VEXTRACTF64X4(Imm(1), r, high)
		v.add(high, r.AsY(), r.AsY())
		VEXTRACTF64X2(Imm(1), r.AsY(), high.AsX()) // can address all 32 registers
	} else {
		VEXTRACTF128(Imm(1), r.AsY(), high.AsX())
	}
	v.add(high.AsX(), r.AsX(), r.AsX())
	VPERMILPD(Imm(1), r.AsX(), high.AsX())
	v.add(high.AsX(), r.AsX(), r.AsX())
	if v.size == 4 {
		VMOVSHDUP(r.AsX(), high.AsX())
		v.add(high.AsX(), r.AsX(), r.AsX())
		VMOVSS(m, high.AsX())
		VFMADD231SS(Mem{Base: t, Disp: offAlpha}, r.AsX(), high.AsX())
		VMOVSS(high.AsX(), m)
		return
	}
	VMOVSD(m, high.AsX())
	VFMADD231SD(Mem{Base: t, Disp: offAlpha}, r.AsX(), high.AsX())
	VMOVSD(high.AsX(), m)
}
