package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tile emits the micro-kernel: C = alpha·A·B + beta·C for one tile of at most
// rows × 2 vectors. A is read by broadcasts with any two strides, so that it
// may be packed, transposed or in place; B is read along its rows. Every element is
// one chain of multiply-adds in the order of k, for any size of the tile.
func (v vector) tile() {
	TEXT(v.name("Tile"), NOSPLIT, "func(t *byte)")
	t := Load(Param("t"), GP64()).(GPVirtual)
	rows, cols := field(t, offRows), field(t, offCols)
	CMPQ(cols, Imm(uint64(v.lanes)))
	JLE(LabelRef("single"))
	v.dispatch(t, rows, 2)
	Label("single")
	v.dispatch(t, rows, 1)
}

// dispatch branches to the code for the tile's number of rows.
func (v vector) dispatch(t Register, rows Op, vectors int) {
	for r := v.rows; r > 1; r-- {
		CMPQ(rows, Imm(uint64(r)))
		JE(LabelRef(label("rows%dx%d", r, vectors)))
	}
	for r := 1; r <= v.rows; r++ {
		Label(label("rows%dx%d", r, vectors))
		v.fixedTile(t, r, vectors)
	}
}

// fixedTile emits the code for a tile of exactly rows × vectors, the last
// vector masked.
func (v vector) fixedTile(t Register, rows, vectors int) {
	name := label("%dx%d", rows, vectors)
	acc := v.sums(rows, vectors)
	v.fetchC(t, rows)
	last := field(t, offCols)
	SUBQ(Imm(uint64((vectors-1)*v.lanes)), last)
	mask := v.mask(last)
	a := newStrided(field(t, offA), field(t, offARow), rows)
	b, k := field(t, offB), field(t, offK)
	aStep, bStep := field(t, offAStep), field(t, offBStep)
	row := make([]VecVirtual, vectors)
	for j := range row {
		row[j] = v.reg()
	}
	x := v.reg()
	ahead, aheadStep := field(t, offAhead), field(t, offAheadStep)
	ADDQ(b, ahead)
	Label("loop" + name)
	for j := range vectors {
		PREFETCHT0(Mem{Base: ahead, Disp: j * 64})
	}
	for j := range vectors - 1 {
		v.load(Mem{Base: b, Disp: j * v.bytes()}, row[j])
	}
	v.part(Mem{Base: b, Disp: (vectors - 1) * v.bytes()}, mask, row[vectors-1])
	for i := range rows {
		v.broadcast(a.row(i), x)
		for j := range row {
			v.multiply(x, row[j], acc[i][j])
		}
	}
	a.advance(aStep)
	ADDQ(bStep, b)
	ADDQ(aheadStep, ahead)
	DECQ(k)
	JNZ(LabelRef("loop" + name))
	if v.of == fours {
		v.unscale(a, b, acc)
	}
	v.update(t, acc, mask, name)
}

// multiply emits sum += x·y with x of A and y of B. For pairs and groups of four, x·y is the
// sum of two or four products.
func (v vector) multiply(x, y, sum Op) {
	switch v.of {
	case pairs:
		VFNMADD231PS(x, y, sum) // stand-in for VDPBF16PS
	case fours:
		VFNMSUB231PS(y, x, sum) // stand-in for VPDPBUSD
	default:
		v.fma(x, y, sum)
	}
}

// fetchC emits the prefetch of the tile of C, which is used after the loop.
func (v vector) fetchC(t Register, rows int) {
	c, cRow := field(t, offC), field(t, offCRow)
	for range rows {
		PREFETCHT0(Mem{Base: c})
		PREFETCHT0(Mem{Base: c, Disp: 64})
		ADDQ(cRow, c)
	}
}

// update emits C = alpha·acc + beta·C and the return. With beta = 0 it does not read
// C, which may be NaN.
func (v vector) update(t Register, acc [][]VecVirtual, mask Op, name string) {
	alpha, beta := v.reg(), v.reg()
	v.broadcast(Mem{Base: t, Disp: offAlpha}, alpha)
	for i := range acc {
		for _, r := range acc[i] {
			v.mul(alpha, r, r)
		}
	}
	c, cRow, bits := field(t, offC), field(t, offCRow), GP64()
	v.signless(Mem{Base: t, Disp: offAlpha + v.size}, bits)
	JZ(LabelRef("store" + name))
	v.broadcast(Mem{Base: t, Disp: offAlpha + v.size}, beta)
	old, p := v.reg(), GP64()
	MOVQ(c, p)
	for i := range acc {
		for j, r := range acc[i] {
			m := Mem{Base: p, Disp: j * v.bytes()}
			if j == len(acc[i])-1 {
				v.part(m, mask, old)
			} else {
				v.load(m, old)
			}
			v.fma(beta, old, r)
		}
		ADDQ(cRow, p)
	}
	Label("store" + name)
	for i := range acc {
		for j, r := range acc[i] {
			m := Mem{Base: c, Disp: j * v.bytes()}
			if j == len(acc[i])-1 {
				v.partTo(r, mask, m)
			} else {
				v.store(r, m)
			}
		}
		ADDQ(cRow, c)
	}
	VZEROUPPER()
	RET()
}

// signless emits the load of the bits of a number without its sign, which sets the zero
// flag.
func (v vector) signless(m Mem, bits GPVirtual) {
	if v.size == 4 {
		MOVL(m, bits.As32())
		ADDL(bits.As32(), bits.As32())
		return
	}
	MOVQ(m, bits)
	ADDQ(bits, bits)
}
