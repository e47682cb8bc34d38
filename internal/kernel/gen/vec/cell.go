package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gates returns count pointers, n elements apart.
func (a *asm) gates(name string, n reg.GPVirtual, count int) []reg.GPVirtual {
	ps := []reg.GPVirtual{a.pointer(name)}
	for range count - 1 {
		p := a.GP64()
		a.LEAQ(operand.Mem{Base: ps[len(ps)-1], Index: n, Scale: 4}, p)
		ps = append(ps, p)
	}
	return ps
}

// lstm emits one row of n cells; z is i|f|g|o.
func lstm(a *asm) {
	n := a.pointer("n")
	z := a.gates("z", n, 4)
	cprev, c, tc, h := a.pointer("cprev"), a.pointer("c"), a.pointer("tc"), a.pointer("h")
	a.each(n, 1, func(s span) {
		gate := a.sigmoid(V{a.load(z[0], s)[0], a.load(z[1], s)[0], a.load(z[3], s)[0]})
		in, forget, out := gate[:1], gate[1:2], gate[2:]
		fresh := a.tanh(a.load(z[2], s))
		a.store(in, z[0], s)
		a.store(forget, z[1], s)
		a.store(fresh, z[2], s)
		a.store(out, z[3], s)
		cell := a.mul(in, fresh)
		a.acc(cell, forget, a.load(cprev, s))
		a.store(cell, c, s)
		t := a.tanh(cell)
		a.store(t, tc, s)
		a.store(a.mul(t, out), h, s)
	})
}

// lstmGrad emits one row; see LSTMCellGrad for the equations.
func lstmGrad(a *asm) {
	n := a.pointer("n")
	z := a.gates("z", n, 4)
	dz := a.gates("dz", n, 1)[0]
	dc, cprev, tc, dh := a.pointer("dc"), a.pointer("cprev"), a.pointer("tc"), a.pointer("dh")
	bytes := a.GP64()
	a.MOVQ(n, bytes)
	a.SHLQ(bytesOf4, bytes)
	a.each(n, 1, func(s span) {
		i, fg, g, o := a.load(z[0], s), a.load(z[1], s), a.load(z[2], s), a.load(z[3], s)
		t, d := a.load(tc, s), a.load(dh, s)
		dcell := a.mul(a.mul(d, o), a.slopeTanh(t))
		a.update(add, dcell, dcell, a.load(dc, s))
		out := a.GP64()
		a.MOVQ(dz, out)
		put := func(v V) {
			a.store(v, out, s)
			a.advance(bytes, out)
		}
		put(a.mul(a.mul(dcell, g), a.slopeSigmoid(i)))
		put(a.mul(a.mul(dcell, a.load(cprev, s)), a.slopeSigmoid(fg)))
		put(a.mul(a.mul(dcell, i), a.slopeTanh(g)))
		put(a.mul(a.mul(d, t), a.slopeSigmoid(o)))
		a.store(a.mul(dcell, fg), dc, s)
	})
}

// slopeTanh returns 1 − y², slopeSigmoid y(1 − y).
func (a *asm) slopeTanh(y V) V    { return a.from(a.copy(y, len(y)), y, f(1)) }
func (a *asm) slopeSigmoid(y V) V { return a.from(a.copy(y, len(y)), y, y) }

// gru emits one row of n cells; zx and zh are r|z|n.
func gru(a *asm) {
	n := a.pointer("n")
	x, y := a.gates("zx", n, 3), a.gates("zh", n, 3)
	hprev, h := a.pointer("hprev"), a.pointer("h")
	a.each(n, 1, func(s span) {
		gate := a.sigmoid(V{a.add(a.load(x[0], s), a.load(y[0], s))[0], a.add(a.load(x[1], s), a.load(y[1], s))[0]})
		r, z := gate[:1], gate[1:]
		a.store(r, x[0], s)
		a.store(z, x[1], s)
		fresh := a.tanh(a.acc(a.load(x[2], s), r, a.load(y[2], s)))
		a.store(fresh, x[2], s)
		// n + z(hprev − n)
		a.store(a.horner(a.sub(a.load(hprev, s), fresh), z, fresh), h, s)
	})
}

// gruGrad emits one row; see GRUCellGrad for the equations. dzx, dzh, z and zh point to the first of
// three parts, step bytes apart.
func gruGrad(a *asm) {
	n := a.pointer("n")
	z, zh := a.gates("z", n, 3), a.gates("zh", n, 3)
	hprev, dh := a.pointer("hprev"), a.pointer("dh")
	bytes := a.GP64()
	a.MOVQ(n, bytes)
	a.SHLQ(bytesOf4, bytes)
	a.each(n, 1, func(s span) {
		r, u, fresh := a.load(z[0], s), a.load(z[1], s), a.load(z[2], s)
		d := a.load(dh, s)
		da := a.mul(a.mul(d, a.oneMinus(u)), a.slopeTanh(fresh))
		dr := a.mul(a.mul(da, a.load(zh[2], s)), a.slopeSigmoid(r))
		du := a.mul(a.mul(d, a.sub(a.load(hprev, s), fresh)), a.slopeSigmoid(u))
		put := func(name string, vs ...V) {
			out := a.pointer(name)
			for _, v := range vs {
				a.store(v, out, s)
				a.advance(bytes, out)
			}
		}
		dhr := a.mul(da, r)
		direct := a.mul(d, u)
		put("dzx", dr, du, da)
		put("dzh", dr, du, dhr)
		put("dhprev", direct)
	})
}
