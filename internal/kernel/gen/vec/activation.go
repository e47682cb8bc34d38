package main

// farOut is a magnitude at which every activation has reached its limit: x is clamped to it before a
// multiplication that could be 0·∞.
const farOut = 100

// geluLowest is the exponent below which the result of GELU is a denormal.
const geluLowest = -86

func relu(a *asm, x V) V { return a.above(0, x) }

func gelu(a *asm, x V) V {
	x = a.above(-farOut, x)
	tail, _ := a.normal(a.below(farOut, x), geluLowest)
	return a.mul(x, a.choose(a.negative(x), tail, a.oneMinus(tail)))
}

func geluGrad(a *asm, x, dy V) V {
	_, slope := geluSlope(a, a.below(farOut, a.above(-farOut, x)))
	return a.mul(slope, dy)
}

// geluSlope returns Φ(x), the factor of x in GELU, and the slope of GELU, Φ(x) + x·φ(x).
func geluSlope(a *asm, x V) (factor, slope V) {
	tail, bell := a.normal(x, geluLowest)
	factor = a.choose(a.negative(x), tail, a.oneMinus(tail))
	slope = a.copy(factor, len(x))
	return factor, a.acc(slope, x, a.mul(bell, f(0.39894228040143267794))) // 1/√(2π)
}

// geluArgument returns 2u of GELUTanh = x·σ(2u), where q is x².
func geluArgument(a *asm, x, q V) V {
	u := a.copy(f(2*geluC*geluA), len(x))
	return a.mul(a.horner(u, q, f(2*geluC)), x)
}

func geluTanh(a *asm, x V) V {
	x = a.above(-farOut, x)
	return a.mul(x, a.sigmoid(geluArgument(a, x, a.mul(x, x))))
}

func geluTanhGrad(a *asm, x, dy V) V {
	_, slope := geluTanhSlope(a, a.below(farOut, a.above(-farOut, x)))
	return a.mul(slope, dy)
}

// geluTanhSlope returns σ(2u), the factor of x in GELUTanh, and the slope of GELUTanh.
func geluTanhSlope(a *asm, x V) (factor, slope V) {
	q := a.mul(x, x)
	factor, slope = a.sigmoidSlope(geluArgument(a, x, q))
	a.horner(q, f(6*geluC*geluA), f(2*geluC)) // d(2u)/dx
	return factor, a.horner(a.mul(q, x), slope, factor)
}

func silu(a *asm, x V) V {
	x = a.above(-farOut, x)
	return a.mul(x, a.sigmoid(x))
}

func siluGrad(a *asm, x, dy V) V {
	x = a.below(farOut, a.above(-farOut, x))
	s, slope := a.sigmoidSlope(x)
	return a.mul(a.horner(slope, x, s), dy)
}

func reluGrad(a *asm, x, dy V) V { return a.keep(a.compare(greater, x, f(0)), dy) }

func tanhGrad(a *asm, y, dy V) V {
	s := a.copy(y, len(y))
	a.from(s, y, f(1))
	return a.mul(s, dy)
}

func sigmoidGrad(a *asm, y, dy V) V {
	s := a.copy(y, len(y))
	a.from(s, y, y)
	return a.mul(s, dy)
}

func swiglu(a *asm, x, b V) V { return a.mul(silu(a, x), b) }

// swigluGrad emits da = dy·b·SiLU'(x), db = dy·SiLU(x).
func swigluGrad(a *asm) {
	da, db, dy := a.pointer("da"), a.pointer("db"), a.pointer("dy")
	x, b := a.pointer("a"), a.pointer("b")
	a.each(a.pointer("n"), 1, func(s span) {
		v := a.above(-farOut, a.load(x, s))
		sig, slope := a.sigmoidSlope(v)
		d := a.load(dy, s)
		y := a.mul(a.mul(v, sig), d)
		a.horner(slope, a.below(farOut, v), sig)
		slope = a.mul(slope, a.mul(d, a.load(b, s)))
		a.store(slope, da, s)
		a.store(y, db, s)
	})
}
