package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rotateHalves emits one row of heads whose pairs are half elements apart; sign −1 inverts the rotation.
func rotateHalves(a *asm) {
	x, cos, sin, half := a.pointer("x"), a.pointer("cos"), a.pointer("sin"), a.pointer("half")
	sign, y, bytes := a.scalar("sign"), a.GP64(), a.GP64()
	a.LEAQ(operand.Mem{Base: x, Index: half, Scale: 4}, y)
	a.MOVQ(half, bytes)
	a.SHLQ(bytesOf8, bytes)
	a.repeat(a.pointer("heads"), func() {
		a.each(half, 2, func(s span) {
			p, q := a.load(x, s), a.load(y, s)
			c, d := a.load(cos, s), a.mul(a.load(sin, s), sign)
			u := a.mul(p, c)
			a.less(u, q, d)
			v := a.mul(q, c)
			a.acc(v, p, d)
			a.store(u, x, s)
			a.store(v, y, s)
		})
		a.advance(bytes, x, y)
	})
}

// rotatePairs emits one row of heads whose pairs are neighbours.
func rotatePairs(a *asm) {
	x, cos, sin, dim := a.pointer("x"), a.pointer("cos"), a.pointer("sin"), a.pointer("half")
	sign, bytes := a.scalar("sign"), a.GP64()
	a.ADDQ(dim, dim)
	a.MOVQ(dim, bytes)
	a.SHLQ(bytesOf4, bytes)
	a.repeat(a.pointer("heads"), func() {
		a.each(dim, 2, func(s span) {
			v := a.load(x, s)
			swapped := a.vectors(s.u)
			for k := range v {
				a.VPERMILPS(operand.U8(0xb1), v[k], swapped[k])
			}
			cross := a.mul(swapped, a.mul(a.twice(sin, dim, s), sign))
			c := a.twice(cos, dim, s)
			for k := range v { // even lanes v·c − cross, odd lanes v·c + cross
				a.VFMADDSUB213PS(cross[k], c[k], v[k])
			}
			a.store(v, x, s)
		})
		a.advance(bytes, x)
	})
}

// twice loads elements of a table of pairs, each into both lanes of its pair.
func (a *asm) twice(p, n reg.GPVirtual, s span) V {
	v := a.vectors(s.u)
	var m mask
	if s.tail != nil {
		left := a.GP64()
		a.MOVQ(n, left)
		a.SUBQ(s.i, left)
		a.SHRQ(operand.U8(1), left)
		m = a.first(left)
	}
	for k, r := range v {
		at := operand.Mem{Base: p, Index: s.i, Scale: 2, Disp: 2 * a.width() * k}
		switch {
		case m == nil:
			a.VPMOVZXDQ(at, r)
		case a.wide:
			a.VPMOVZXDQ_Z(at, m[0], r)
		default:
			a.VMASKMOVPS(at, m[0].(reg.VecVirtual).AsX(), r.AsX())
			a.VPMOVZXDQ(r.AsX(), r)
		}
		a.VMOVSLDUP(r, r)
	}
	return v
}
