package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// bytesOf4 and bytesOf8 are the shifts from numbers of float32 and of int to bytes.
const (
	bytesOf4 = operand.U8(2)
	bytesOf8 = operand.U8(3)
)

// spread broadcasts the float32 at p.
func (a *asm) spread(p reg.GPVirtual) V { return V{a.broadcast(operand.Mem{Base: p})} }

// single emits the store of lane 0 at p.
func (a *asm) single(v V, p reg.GPVirtual) { a.VMOVSS(v[0].AsX(), operand.Mem{Base: p}) }

func (a *asm) advance(bytes operand.Op, ps ...reg.GPVirtual) {
	for _, p := range ps {
		a.ADDQ(bytes, p)
	}
}

// rows is the state of a loop over the rows of x: used is the number of used entries of the current row, which is cleared
// from rest on.
type rows struct {
	x, p, n, used, rest, cols, stride reg.GPVirtual
	scale                             uniform
}

// walk emits a loop over the rows, which also advances other pointers to one float32 per row. If the last vector of the
// used entries fits into the row, body(true, …) uses whole vectors, because reading after a masked store stalls.
func (a *asm) walk(p bool, body func(padded bool, r rows), perRow ...reg.GPVirtual) {
	r := rows{x: a.pointer("x"), n: a.pointer("n"), cols: a.pointer("cols"), stride: a.pointer("ld"),
		used: a.GP64(), rest: a.GP64()}
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
		ragged, done := a.label("ragged"), a.label("done")
		a.LEAQ(operand.Mem{Base: r.used, Disp: a.width() - 1}, r.rest)
		a.ANDQ(operand.I8(-a.width()), r.rest)
		a.CMPQ(r.rest, r.cols)
		a.JGT(operand.LabelRef(ragged))
		body(true, r)
		a.JMP(operand.LabelRef(done))
		a.Label(ragged)
		a.MOVQ(r.used, r.rest)
		body(false, r)
		a.Label(done)
		a.eachFrom(r.rest, r.cols, 2, false, func(s span) { a.store(a.zero(s.u), r.x, s) })
		a.advance(r.stride, r.x)
		if p {
			a.advance(r.stride, r.p)
		}
		a.advance(operand.U8(4), perRow...)
	})
}

// eachOf emits a padded or unpadded loop.
func (a *asm) eachOf(padded bool, n reg.GPVirtual, unroll int, body func(span)) {
	a.eachFrom(a.nought(), n, unroll, padded, body)
}

// rowMax returns the largest scale·x in every lane, −Inf for none.
func (a *asm) rowMax(padded bool, x, n reg.GPVirtual, scale uniform) V {
	const unroll = 4
	m := a.copy(f(math.Inf(-1)), unroll)
	a.eachOf(padded, n, unroll, func(s span) {
		v := a.mul(a.load(x, s), scale)
		if s.tail != nil {
			v = a.choose(s.tail, v, f(math.Inf(-1)))
		}
		a.update(maxPS, m[:s.u], m[:s.u], v)
	})
	return a.across(maxPS, m)
}

// rowSum returns Σ e^(scale·x − m) in every lane; keep, which may be nil, gets the terms.
func (a *asm) rowSum(padded bool, x, n reg.GPVirtual, scale uniform, m V, keep func(V, span)) V {
	const unroll = 2
	sum := a.zero(unroll)
	a.eachOf(padded, n, unroll, func(s span) {
		e := a.exp(a.msub(a.load(x, s), scale, uniform{m[0]}), expLowest, nil)
		e = a.onlyTail(e, s)
		a.update(add, sum[:s.u], sum[:s.u], e)
		if keep != nil {
			keep(e, s)
		}
	})
	return a.across(add, sum)
}

// inverse returns 1/sum. If there is no term, the sum and all entries are 0, and it returns any finite number.
func (a *asm) inverse(sum V) uniform {
	return uniform{a.div(f(1), a.above(0x1p-126, sum))[0]}
}

// softmax also stores the largest scale·x and the sum of exponentials of each row, for its logsumexp. Short padded rows
// stay in registers.
func softmax(a *asm) {
	largest, sums := a.pointer("largest"), a.pointer("sums")
	a.walk(false, func(padded bool, r rows) {
		done := a.label("softmax")
		for vectors := 1; padded && vectors <= 4; vectors++ {
			longer := a.label("longer")
			a.CMPQ(r.rest, operand.U8(vectors*a.width()))
			a.JNE(operand.LabelRef(longer))
			a.softmaxShort(r, vectors, largest, sums)
			a.JMP(operand.LabelRef(done))
			a.Label(longer)
		}
		a.softmaxLong(padded, r, largest, sums)
		a.Label(done)
	}, largest, sums)
}

// softmaxLong emits a row in three passes.
func (a *asm) softmaxLong(padded bool, r rows, largest, sums reg.GPVirtual) {
	m := a.rowMax(padded, r.x, r.used, r.scale)
	a.single(m, largest)
	m = a.above(-math.MaxFloat32, m)
	sum := a.rowSum(padded, r.x, r.used, r.scale, m, func(e V, s span) { a.store(e, r.x, s) })
	a.single(sum, sums)
	inverse := a.inverse(sum)
	a.eachOf(padded, r.used, 4, func(s span) { a.store(a.mul(a.load(r.x, s), inverse), r.x, s) })
}

// softmaxShort emits a row of so many vectors, the last of which may be partly used.
func (a *asm) softmaxShort(r rows, vectors int, largest, sums reg.GPVirtual) {
	s := span{i: a.nought(), u: vectors}
	x := a.mul(a.load(r.x, s), r.scale)
	left, last := a.GP64(), vectors-1
	a.LEAQ(operand.Mem{Base: r.used, Disp: -last * a.width()}, left)
	copy(x[last:], a.choose(a.first(left), x[last:], f(math.Inf(-1))))
	m := a.across(maxPS, x)
	a.single(m, largest)
	x = a.sub(x, uniform{a.above(-math.MaxFloat32, m)[0]})
	e := V{}
	for len(e) < vectors {
		e = append(e, a.exp(x[len(e):min(len(e)+a.width()/4, vectors)], expLowest, nil)...)
	}
	sum := a.across(add, e)
	a.single(sum, sums)
	a.store(a.mul(e, a.inverse(sum)), r.x, s)
}

func softmaxAgain(a *asm) {
	lse := a.pointer("lse")
	a.walk(false, func(padded bool, r rows) {
		m := uniform{a.above(-math.MaxFloat32, a.spread(lse))[0]}
		a.eachOf(padded, r.used, 2, func(s span) {
			e := a.exp(a.msub(a.load(r.x, s), r.scale, m), expLowest, nil)
			a.store(a.onlyTail(e, s), r.x, s)
		})
	}, lse)
}

// onlyTail clears the lanes of v beyond the end of the row.
func (a *asm) onlyTail(v V, s span) V {
	if s.tail == nil {
		return v
	}
	return a.keep(s.tail, v)
}

func softmaxGrad(a *asm) {
	dot := a.pointer("rowdot")
	a.walk(true, func(padded bool, r rows) {
		d := uniform{a.spread(dot)[0]}
		a.eachOf(padded, r.used, 4, func(s span) {
			v := a.mul(a.sub(a.load(r.x, s), d), a.load(r.p, s))
			a.store(a.onlyTail(a.mul(v, r.scale), s), r.x, s)
		})
	}, dot)
}

// largest stores the largest x.
func largest(a *asm) {
	x, n, one := a.pointer("x"), a.pointer("n"), uniform{a.copy(f(1), 1)[0]}
	a.single(a.rowMax(false, x, n, one), a.pointer("largest"))
}

// logSumExp stores the largest x and Σ e^(x − largest).
func logSumExp(a *asm) {
	x, n, one := a.pointer("x"), a.pointer("n"), uniform{a.copy(f(1), 1)[0]}
	m := a.rowMax(false, x, n, one)
	a.single(m, a.pointer("largest"))
	a.single(a.rowSum(false, x, n, one, a.above(-math.MaxFloat32, m), nil), a.pointer("sum"))
}
