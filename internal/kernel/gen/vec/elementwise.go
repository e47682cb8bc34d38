package main

// unary returns a kernel y = f(x).
func unary(unroll int, do func(*asm, V) V) func(*asm) {
	return func(a *asm) {
		y, x := a.pointer("y"), a.pointer("x")
		a.each(a.pointer("n"), unroll, func(s span) { a.store(do(a, a.load(x, s)), y, s) })
	}
}

// binary returns a kernel y = f(a, b).
func binary(unroll int, do func(*asm, V, V) V) func(*asm) {
	return func(a *asm) {
		y, p, q := a.pointer("y"), a.pointer("a"), a.pointer("b")
		a.each(a.pointer("n"), unroll, func(s span) { a.store(do(a, a.load(p, s), a.load(q, s)), y, s) })
	}
}

// biased returns a kernel z += b, y = f(z).
func biased(unroll int, do func(*asm, V) V) func(*asm) {
	return func(a *asm) {
		y, z, b := a.pointer("y"), a.pointer("z"), a.pointer("b")
		a.each(a.pointer("n"), unroll, func(s span) {
			v := a.add(a.load(z, s), a.load(b, s))
			a.store(v, z, s)
			a.store(do(a, v), y, s)
		})
	}
}

// biasedSlope returns a kernel z += b, y = z·factor(z), z = slope(z).
func biasedSlope(do func(*asm, V) (factor, slope V)) func(*asm) {
	return func(a *asm) {
		y, z, b := a.pointer("y"), a.pointer("z"), a.pointer("b")
		a.each(a.pointer("n"), 1, func(s span) {
			x := a.above(-farOut, a.add(a.load(z, s), a.load(b, s)))
			factor, slope := do(a, a.below(farOut, x))
			a.store(slope, z, s)
			a.store(a.mul(x, factor), y, s)
		})
	}
}

func scale(a *asm) {
	y, x, k := a.pointer("y"), a.pointer("x"), a.scalar("s")
	a.each(a.pointer("n"), 4, func(s span) { a.store(a.mul(a.load(x, s), k), y, s) })
}

func axpy(a *asm) {
	y, x, k := a.pointer("y"), a.pointer("x"), a.scalar("s")
	a.each(a.pointer("n"), 4, func(s span) { a.store(a.acc(a.load(y, s), a.load(x, s), k), y, s) })
}

func expShift(a *asm) {
	y, x := a.pointer("y"), a.pointer("x")
	shift, scale := a.scalar("shift"), a.scalar("scale")
	a.each(a.pointer("n"), 2, func(s span) {
		a.store(a.mul(a.expFull(a.sub(a.load(x, s), shift)), scale), y, s)
	})
}

// logAdd returns a + ln b.
func logAdd(a *asm, x, b V) V { return a.add(x, a.log(b)) }

// adamW emits a step with keep = 1 − lr·decay, rate = lr/c1, invC2 = 1/c2. Denormal moments are flushed
// to 0.
func adamW(a *asm) {
	w, g, m, v := a.pointer("w"), a.pointer("grad"), a.pointer("m"), a.pointer("v")
	a.each(a.pointer("n"), 1, func(s span) {
		grad := a.mul(a.load(g, s), a.scalar("gscale"))
		first := a.mul(grad, a.scalar("gain1"))
		a.acc(first, a.load(m, s), a.scalar("beta1"))
		first = a.keep(a.compare(notLess, a.abs(first), konst(0x00800000)), first)
		second := a.mul(a.mul(grad, a.scalar("gain2")), grad)
		a.acc(second, a.load(v, s), a.scalar("beta2"))
		second = a.keep(a.compare(notLess, second, konst(0x00800000)), second)
		a.store(first, m, s)
		a.store(second, v, s)
		den := a.mul(second, a.scalar("invC2"))
		for _, r := range den {
			a.VSQRTPS(r, r)
		}
		step := a.div(a.mul(first, a.scalar("rate")), a.add(den, a.scalar("eps")))
		a.store(a.msub(a.load(w, s), a.scalar("keep"), step), w, s)
	})
}

// columnSums emits sums over rows, of a band of columns at a time in registers.
func columnSums(a *asm) {
	dst, x := a.pointer("dst"), a.pointer("x")
	rows, stride := a.pointer("rows"), a.pointer("ld")
	a.SHLQ(bytesOf4, stride)
	a.each(a.pointer("cols"), 4, func(s span) {
		sum := a.zero(s.u)
		p, left := a.GP64(), a.GP64()
		a.MOVQ(x, p)
		a.MOVQ(rows, left)
		a.repeat(left, func() {
			a.update(add, sum, sum, a.load(p, s))
			a.ADDQ(stride, p)
		})
		a.store(sum, dst, s)
	})
}
