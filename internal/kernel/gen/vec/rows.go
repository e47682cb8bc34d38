package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// bytesOf4 shifts a count of float32 to bytes, 8 of int.
const (
	bytesOf4 = operand.U8(2)
	bytesOf8 = operand.U8(3)
)

// spread broadcasts the float32 at p.
func (a *asm) spread(p reg.GPVirtual) V { return V{a.broadcast(operand.Mem{Base: p})} }

// single stores lane 0 at p.
func (a *asm) single(v V, p reg.GPVirtual) { a.VMOVSS(v[0].AsX(), operand.Mem{Base: p}) }

func (a *asm) advance(bytes operand.Op, ps ...reg.GPVirtual) {
	for _, p := range ps {
		a.ADDQ(bytes, p)
	}
}

// A softmaxRows walks rows of x at a stride, with the number of entries used of each.
type softmaxRows struct {
	x, p, n, used, cols, stride reg.GPVirtual
	scale                       uniform
}

// walk emits body for each row; other pointers to one float32 per row are advanced with it.
func (a *asm) walk(p bool, body func(r softmaxRows), perRow ...reg.GPVirtual) {
	r := softmaxRows{x: a.pointer("x"), n: a.pointer("n"), cols: a.pointer("cols"), stride: a.pointer("ld"), used: a.GP64()}
	r.scale = a.scalar("scale")
	if p {
		r.p = a.pointer("p")
	}
	a.SHLQ(bytesOf4, r.stride)
	a.repeat(a.pointer("rows"), func() {
		known := a.label("used")
		a.MOVQ(r.cols, r.used)
		a.TESTQ(r.n, r.n)
		a.JEQ(operand.LabelRef(known))
		a.MOVQ(operand.Mem{Base: r.n}, r.used)
		a.advance(operand.U8(8), r.n)
		a.Label(known)
		body(r)
		a.clearRest(r)
		a.advance(r.stride, r.x)
		if p {
			a.advance(r.stride, r.p)
		}
		a.advance(operand.U8(4), perRow...)
	})
}

// clearRest zeroes the entries that are not used.
func (a *asm) clearRest(r softmaxRows) {
	i := a.GP64()
	a.MOVQ(r.used, i)
	a.from0(i, r.cols, 2, func(s span) { a.store(a.zero(s.u), r.x, s) })
}

// rowMax returns the largest scale·x in every lane, −Inf for none.
func (a *asm) rowMax(x, n reg.GPVirtual, scale uniform) V {
	const unroll = 4
	m := a.copy(f(math.Inf(-1)), unroll)
	a.each(n, unroll, func(s span) {
		v := a.mul(a.load(x, s), scale)
		if s.tail != nil {
			v = a.choose(s.tail, v, f(math.Inf(-1)))
		}
		a.update(maxPS, m[:s.u], m[:s.u], v)
	})
	return a.across(maxPS, m)
}

// rowSum returns Σ e^(scale·x − m) in every lane; keep, which may be nil, gets the terms.
func (a *asm) rowSum(x, n reg.GPVirtual, scale uniform, m V, keep func(V, span)) V {
	const unroll = 2
	sum := a.zero(unroll)
	a.each(n, unroll, func(s span) {
		e := a.exp(a.msub(a.load(x, s), scale, uniform{m[0]}), expLowest, nil)
		if s.tail != nil {
			e = a.keep(s.tail, e)
		}
		a.update(add, sum[:s.u], sum[:s.u], e)
		if keep != nil {
			keep(e, s)
		}
	})
	return a.across(add, sum)
}

// softmax stores the largest scale·x and the sum of exponentials of each row for its logsumexp.
func softmax(a *asm) {
	largest, sums := a.pointer("largest"), a.pointer("sums")
	a.walk(false, func(r softmaxRows) {
		m := a.rowMax(r.x, r.used, r.scale)
		a.single(m, largest)
		sum := a.rowSum(r.x, r.used, r.scale, a.above(-math.MaxFloat32, m), func(e V, s span) { a.store(e, r.x, s) })
		a.single(sum, sums)
		// without a term the sum is 0 and so is every entry: any finite factor will do
		inverse := uniform{a.div(f(1), a.above(math.SmallestNonzeroFloat32*(1<<23), sum))[0]}
		a.each(r.used, 4, func(s span) { a.store(a.mul(a.load(r.x, s), inverse), r.x, s) })
	}, largest, sums)
}

func softmaxAgain(a *asm) {
	lse := a.pointer("lse")
	a.walk(false, func(r softmaxRows) {
		m := uniform{a.above(-math.MaxFloat32, a.spread(lse))[0]}
		a.each(r.used, 2, func(s span) {
			a.store(a.exp(a.msub(a.load(r.x, s), r.scale, m), expLowest, nil), r.x, s)
		})
	}, lse)
}

func softmaxGrad(a *asm) {
	dot := a.pointer("rowdot")
	a.walk(true, func(r softmaxRows) {
		d := uniform{a.spread(dot)[0]}
		a.each(r.used, 4, func(s span) {
			v := a.mul(a.sub(a.load(r.x, s), d), a.load(r.p, s))
			a.store(a.mul(v, r.scale), r.x, s)
		})
	}, dot)
}

// logSumExp stores the largest x and Σ e^(x − largest).
func logSumExp(a *asm) {
	x, n, one := a.pointer("x"), a.pointer("n"), uniform{a.copy(f(1), 1)[0]}
	m := a.rowMax(x, n, one)
	a.single(m, a.pointer("largest"))
	a.single(a.rowSum(x, n, one, a.above(-math.MaxFloat32, m), nil), a.pointer("sum"))
}
