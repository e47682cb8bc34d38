package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// layerNorm returns the kernel of LayerNorm, or of RMSNorm if centred is false. inv is 1/cols.
func layerNorm(centred bool) func(*asm) {
	return func(a *asm) {
		y, x, gain, rstd := a.pointer("y"), a.pointer("x"), a.pointer("gain"), a.pointer("rstd")
		inv, eps, cols := a.scalar("inv"), a.scalar("eps"), a.pointer("cols")
		var mean, bias reg.GPVirtual
		if centred {
			mean, bias = a.pointer("mean"), a.pointer("bias")
		}
		stride := a.GP64()
		a.MOVQ(cols, stride)
		a.SHLQ(bytesOf4, stride)
		a.repeat(a.pointer("rows"), func() {
			var m uniform
			if centred {
				m = a.rowMean(x, cols, inv)
				a.single(V{m.VecVirtual}, mean)
				a.advance(operand.U8(4), mean)
			}
			q := a.horner(a.rowSquares(x, cols, m), inv, eps)
			a.VSQRTPS(q[0], q[0])
			s := uniform{a.div(f(1), q)[0]}
			a.single(V{s.VecVirtual}, rstd)
			a.normalised(y, x, gain, bias, cols, m, s)
			a.advance(stride, x, y)
			a.advance(operand.U8(4), rstd)
		})
	}
}

// rowMean returns the mean of n elements.
func (a *asm) rowMean(x, n reg.GPVirtual, inv uniform) uniform {
	sum := a.zero(4)
	a.each(n, 4, func(s span) { a.update(add, sum[:s.u], sum[:s.u], a.load(x, s)) })
	return uniform{a.mul(a.across(add, sum), inv)[0]}
}

// rowSquares returns Σ (x − m)² in every lane; the zero uniform means m = 0.
func (a *asm) rowSquares(x, n reg.GPVirtual, m uniform) V {
	sum := a.zero(4)
	a.each(n, 4, func(s span) {
		d := a.onlyTail(a.centre(a.load(x, s), m), s)
		a.update(fma231, sum[:s.u], d, d)
	})
	return a.across(add, sum)
}

// centre returns x − m.
func (a *asm) centre(x V, m uniform) V {
	if m.VecVirtual == nil {
		return x
	}
	return a.sub(x, m)
}

// normalised emits y = (x − m)·s·gain + bias, without bias if the kernel has none or its argument is nil.
func (a *asm) normalised(y, x, gain, bias, n reg.GPVirtual, m, s uniform) {
	row := func(shift bool) {
		a.each(n, 2, func(p span) {
			h := a.mul(a.centre(a.load(x, p), m), s)
			if shift {
				a.horner(h, a.load(gain, p), a.load(bias, p))
			} else {
				h = a.mul(h, a.load(gain, p))
			}
			a.store(h, y, p)
		})
	}
	a.either(bias, row)
}

// either emits do(true) for a pointer that is not nil at run time and do(false) for one that is nil. If the
// kernel does not have the pointer, it emits do(false).
func (a *asm) either(p reg.GPVirtual, do func(bool)) {
	if p == nil {
		do(false)
		return
	}
	without, done := a.label("nil"), a.label("done")
	a.TESTQ(p, p)
	a.JEQ(operand.LabelRef(without))
	do(true)
	a.JMP(operand.LabelRef(done))
	a.Label(without)
	do(false)
	a.Label(done)
}

// normGrad holds the arguments of a gradient; mean and dbias are nil for RMSNorm.
type normGrad struct {
	dx, dy, x, gain, dgain, dbias, mean, rstd, cols reg.GPVirtual
}

// layerNormGrad returns the kernel of LayerNorm's gradient, or of RMSNorm's if centred is false. inv is
// 1/cols; the kernel adds to dgain and dbias.
func layerNormGrad(centred bool) func(*asm) {
	return func(a *asm) {
		g := normGrad{dx: a.pointer("dx"), dy: a.pointer("dy"), x: a.pointer("x"), gain: a.pointer("gain"),
			dgain: a.pointer("dgain"), rstd: a.pointer("rstd"), cols: a.pointer("cols")}
		if centred {
			g.mean, g.dbias = a.pointer("mean"), a.pointer("dbias")
		}
		inv := a.scalar("inv")
		a.repeat(a.pointer("rows"), func() {
			s := uniform{a.spread(g.rstd)[0]}
			var m, level uniform
			if centred {
				m = uniform{a.spread(g.mean)[0]}
				a.advance(operand.U8(4), g.mean)
			}
			sum, dot := a.normGradSums(g, m, s)
			along := uniform{a.mul(a.across(add, dot), inv)[0]}
			if centred {
				level = uniform{a.mul(a.across(add, sum), inv)[0]}
			}
			a.each(g.cols, 2, func(p span) {
				h := a.mul(a.centre(a.load(g.x, p), m), s)
				t := a.centre(a.mul(a.load(g.dy, p), a.load(g.gain, p)), level)
				a.store(a.mul(a.less(t, h, along), s), g.dx, p)
			})
			stride := a.GP64()
			a.MOVQ(g.cols, stride)
			a.SHLQ(bytesOf4, stride)
			a.advance(stride, g.dx, g.dy, g.x)
			a.advance(operand.U8(4), g.rstd)
		})
	}
}

// normGradSums adds a row to dgain and dbias, and returns the sums Σ t and Σ t·x̂ of each lane, with t = dy·gain.
func (a *asm) normGradSums(g normGrad, m, s uniform) (sum, dot V) {
	sum, dot = a.zero(2), a.zero(2)
	a.either(g.dbias, func(shift bool) {
		a.each(g.cols, 2, func(p span) {
			h, d := a.mul(a.centre(a.load(g.x, p), m), s), a.load(g.dy, p)
			a.store(a.acc(a.load(g.dgain, p), d, h), g.dgain, p)
			if shift {
				a.store(a.add(a.load(g.dbias, p), d), g.dbias, p)
			}
			t := a.mul(d, a.load(g.gain, p))
			a.update(add, sum[:p.u], sum[:p.u], t)
			a.acc(dot[:p.u], t, a.onlyTail(h, p))
		})
	})
	return sum, dot
}
