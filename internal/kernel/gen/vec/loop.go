package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/mmcloughlin/avo/x86"
)

// span is the range of one iteration of a loop: u vectors from element i, all lanes or only those of tail. In a padded
// loop there is memory for the other lanes too, which are read and written; the body must mask them.
type span struct {
	i      reg.GPVirtual
	u      int
	tail   mask
	padded bool
}

// inMemory reports whether all lanes may be read and written.
func (s span) inMemory() bool { return s.tail == nil || s.padded }

func (a *asm) pointer(name string) reg.GPVirtual {
	return a.Load(a.Param(name), a.GP64()).(reg.GPVirtual)
}

func (a *asm) nought() reg.GPVirtual {
	r := a.GP64()
	a.XORL(r.As32(), r.As32())
	return r
}

// each emits a loop over the elements 0…n−1: unroll vectors at a time, then single vectors, with the lanes beyond n
// masked.
func (a *asm) each(n reg.GPVirtual, unroll int, body func(s span)) {
	a.eachFrom(a.nought(), n, unroll, false, body)
}

// eachFrom emits a loop over the elements i…n−1. If padded is set, there is memory up to the next multiple of the width.
// After the loop i is at least n.
func (a *asm) eachFrom(i, n reg.GPVirtual, unroll int, padded bool, body func(s span)) {
	left := a.GP64()
	a.MOVQ(n, left)
	a.SUBQ(i, left)
	many, tail, one, done := a.label("many"), a.label("tail"), a.label("one"), a.label("done")
	step := unroll * a.width()
	a.CMPQ(left, operand.U32(step))
	a.JLT(operand.LabelRef(tail))
	a.Label(many)
	body(span{i, unroll, nil, padded})
	a.ADDQ(operand.U32(step), i)
	a.SUBQ(operand.U32(step), left)
	a.CMPQ(left, operand.U32(step))
	a.JGE(operand.LabelRef(many))
	a.Label(tail)
	a.TESTQ(left, left)
	a.JLE(operand.LabelRef(done))
	a.Label(one)
	body(span{i, 1, a.first(left), padded})
	a.ADDQ(operand.U32(a.width()), i)
	a.SUBQ(operand.U32(a.width()), left)
	a.JG(operand.LabelRef(one))
	a.Label(done)
}

// repeat emits a loop of n iterations, which counts n down.
func (a *asm) repeat(n reg.GPVirtual, body func()) {
	loop, done := a.label("rows"), a.label("end")
	a.TESTQ(n, n)
	a.JLE(operand.LabelRef(done))
	a.Label(loop)
	body()
	a.DECQ(n)
	a.JNE(operand.LabelRef(loop))
	a.Label(done)
}

func (a *asm) at(p reg.GPVirtual, s span, k int) operand.Mem {
	return operand.Mem{Base: p, Index: s.i, Scale: 4, Disp: 4 * a.width() * k}
}

// load emits the load of the elements of a span at p; masked lanes become 0, and their memory is not accessed.
func (a *asm) load(p reg.GPVirtual, s span) V {
	v := a.vectors(s.u)
	for k, r := range v {
		switch {
		case s.inMemory():
			a.VMOVUPS(a.at(p, s, k), r)
		case a.wide:
			a.VMOVUPS_Z(a.at(p, s, k), s.tail[0], r)
		default:
			a.VMASKMOVPS(a.at(p, s, k), s.tail[0], r)
		}
	}
	return v
}

// store emits the store of v to the elements of a span at p.
func (a *asm) store(v V, p reg.GPVirtual, s span) {
	for k, r := range v {
		switch {
		case s.inMemory():
			a.VMOVUPS(r, a.at(p, s, k))
		case a.wide:
			a.VMOVUPS(r, s.tail[0], a.at(p, s, k))
		default:
			a.VMASKMOVPS(r, s.tail[0], a.at(p, s, k))
		}
	}
}

// across reduces the vectors and then the lanes of x with in; the result is in every lane.
func (a *asm) across(in inst, x V) V {
	t := x
	for len(t) > 1 {
		half := (len(t) + 1) / 2
		t = append(a.op(in, t[:len(t)-half], t[half:]), t[len(t)-half:half]...)
	}
	shuffle := func(do func(from, to reg.VecVirtual)) {
		s := a.vector()
		do(t[0], s)
		t = a.op(in, t, V{s})
	}
	if a.wide {
		shuffle(func(x, y reg.VecVirtual) { a.VSHUFF32X4(operand.U8(0x4e), x, x, y) })
		shuffle(func(x, y reg.VecVirtual) { a.VSHUFF32X4(operand.U8(0xb1), x, x, y) })
	} else {
		shuffle(func(x, y reg.VecVirtual) { a.VPERM2F128(operand.U8(0x01), x, x, y) })
	}
	shuffle(func(x, y reg.VecVirtual) { a.VPERMILPS(operand.U8(0x4e), x, y) })
	shuffle(func(x, y reg.VecVirtual) { a.VPERMILPS(operand.U8(0xb1), x, y) })
	return t
}

// finish emits the return. For AVX2, which has only the lower half of the vector registers, the upper half is marked as
// used up to here, so that it is not allocated.
func (a *asm) finish() {
	ret, err := x86.RET()
	if err != nil {
		panic(err)
	}
	if !a.wide {
		for _, r := range []reg.VecPhysical{reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
			reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31} {
			ret.Inputs = append(ret.Inputs, r)
		}
	}
	a.Instruction(ret)
}
