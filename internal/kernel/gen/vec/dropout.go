package main

import "github.com/mmcloughlin/avo/operand"

// dropout emits y = keep·x·scale, or with an addend y = a + keep·x·scale. count is the low word of the
// first counter plus s0; see hash32 of package vec for the hash.
func dropout(addend bool) func(*asm) {
	return func(a *asm) {
		y, x := a.pointer("y"), a.pointer("x")
		p := x
		if addend {
			p = a.pointer("a")
		}
		scale, threshold, s1 := a.scalar("scale"), a.scalar("threshold"), a.scalar("s1")
		count := a.vectors(1)
		a.loadIota(count)
		a.update(addInt, count, count, a.scalar("count"))
		a.each(a.pointer("n"), 2, func(s span) {
			h := a.vectors(s.u)
			for k := range h {
				a.emit(addInt, konst(k*a.width()), k, count[0], h[k])
			}
			a.update(addInt, count, count, konst(s.u*a.width()))
			h = a.hash(h, s1)
			v := a.keepAtLeast(h, threshold, a.mul(a.load(x, s), scale))
			if addend {
				v = a.add(v, a.load(p, s))
			}
			a.store(v, y, s)
		})
	}
}

func (a *asm) loadIota(v V) {
	for _, r := range v {
		a.VMOVUPS(a.table.iota(), r)
	}
}

// hash returns hash32 without its first addition.
func (a *asm) hash(x V, s1 uniform) V {
	x = a.op(mulInt, a.mixDown(x, 16), konst(0x7feb352d))
	x = a.op(addInt, a.mixDown(x, 15), s1)
	return a.mixDown(a.op(mulInt, x, konst(0x846ca68b)), 16)
}

// mixDown returns x ^ x>>bits.
func (a *asm) mixDown(x V, bits int) V {
	d := a.vectors(len(x))
	for k := range x {
		a.VPSRLD(operand.U8(bits), x[k], d[k])
		if a.wide {
			a.VPXORD(x[k], d[k], d[k])
		} else {
			a.VPXOR(x[k], d[k], d[k])
		}
	}
	return d
}

// keepAtLeast returns x where the integer h is at least t, else 0.
func (a *asm) keepAtLeast(h V, t uniform, x V) V {
	d, m := a.vectors(len(x)), a.masks(len(x))
	for k := range x {
		if a.wide {
			a.VPCMPD(operand.U8(notLess), t.VecVirtual, h[k], m[k])
			a.VMOVAPS_Z(x[k], m[k], d[k])
		} else {
			a.VPCMPGTD(h[k], t.VecVirtual, m[k])
			a.VANDNPS(x[k], m[k], d[k])
		}
	}
	return d
}
