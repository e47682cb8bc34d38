package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sumLanes is the number of partial sums, as in package vec.
const sumLanes = 32

// sum returns a kernel of Σ x, or Σ a·b for two arguments, in float64. Partial sum j has the elements with index j modulo
// sumLanes.
func sum(names ...string) func(*asm) {
	return func(a *asm) {
		var ps []reg.GPVirtual
		for _, name := range names {
			ps = append(ps, a.pointer(name))
		}
		left, width := a.pointer("n"), a.width()/2
		acc := a.zero(sumLanes / width)
		many, rest, done := a.label("many"), a.label("rest"), a.label("done")
		a.CMPQ(left, operand.U8(sumLanes))
		a.JLT(operand.LabelRef(rest))
		a.Label(many)
		for k, r := range acc {
			a.accumulate(r, ps, width*k, nil)
		}
		a.advance(operand.U32(4*sumLanes), ps...)
		a.SUBQ(operand.U8(sumLanes), left)
		a.CMPQ(left, operand.U8(sumLanes))
		a.JGE(operand.LabelRef(many))
		a.Label(rest)
		a.TESTQ(left, left)
		a.JLE(operand.LabelRef(done))
		for k, r := range acc {
			a.accumulate(r, ps, width*k, a.first(left))
			a.SUBQ(operand.U8(width), left)
		}
		a.Label(done)
		a.Store(a.fold(acc), a.Return("total"))
	}
}

// accumulate emits the addition of the product of all arguments, from element first on, to r.
func (a *asm) accumulate(r reg.VecVirtual, ps []reg.GPVirtual, first int, m mask) {
	x := a.doubles(operand.Mem{Base: ps[0], Disp: 4 * first}, m)
	if len(ps) == 1 {
		a.VADDPD(x, r, r)
		return
	}
	a.VFMADD231PD(a.doubles(operand.Mem{Base: ps[1], Disp: 4 * first}, m), x, r)
}

// doubles loads half a vector of float32 as float64.
func (a *asm) doubles(at operand.Mem, m mask) reg.VecVirtual {
	v := a.vector()
	switch {
	case m == nil:
		a.VCVTPS2PD(at, v)
	case a.wide:
		a.VCVTPS2PD_Z(at, m[0], v)
	default:
		a.VMASKMOVPS(at, m[0].(reg.VecVirtual).AsX(), v.AsX())
		a.VCVTPS2PD(v.AsX(), v)
	}
	return v
}

// fold adds the upper half of the lanes to the lower half until one is left, as fold does in package vec.
func (a *asm) fold(acc V) reg.Register {
	for half := len(acc) / 2; half > 0; half /= 2 {
		for k := range half {
			a.VADDPD(acc[k+half], acc[k], acc[k])
		}
	}
	t := acc[0]
	if a.wide {
		upper := a.YMM()
		a.VEXTRACTF64X4(operand.U8(1), t, upper)
		a.VADDPD(upper, t.AsY(), t.AsY())
	}
	upper := a.XMM()
	a.VEXTRACTF128(operand.U8(1), t.AsY(), upper)
	a.VADDPD(upper, t.AsX(), t.AsX())
	a.VPERMILPD(operand.U8(1), t.AsX(), upper)
	a.VADDSD(upper, t.AsX(), t.AsX())
	return t.AsX()
}
