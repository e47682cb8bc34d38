package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
)

// The polynomials are minimax fits (Lawson's weighted least squares at Chebyshev points, 40 digits). Each
// comment ends with the relative error before rounding.

const (
	magic     = 1.5*(1<<23) + 127 // x + magic has round(x)+127 in its low bits
	ln2High   = 0.693359375       // few bits, so that n·ln2High is exact
	ln2Low    = math.Ln2 - ln2High
	expLowest = -87.33654 // e^x below is a denormal
	geluC     = 0.79788456080286535588
	geluA     = 0.044715
)

// expPoly: eʳ = 1 + r + r²(c0 + c1·r + …), |r| ≤ ½ln 2; 3.1e-9.
var expPoly = []float64{0.499999934112, 0.16666520095, 0.0416683944702, 0.00836878159623, 0.00138144547583}

// tanhPoly: tanh x = x + x³(c0 + c1·x² + …), |x| ≤ 0.625; 4.4e-9.
var tanhPoly = []float64{-0.333332819448, 0.133314422516, -0.0537397185615, 0.0206390968253, -0.00570499666777}

// logPoly: ln(1+x) = x − ½x² + x³(c0 + c1·x + …), √½ ≤ 1+x < √2; 5.8e-9.
var logPoly = []float64{0.333333317446, -0.250008214234, 0.200012230379, -0.166233418861, 0.142018400215,
	-0.131604107789, 0.127610868673, -0.0763328446151}

// phiPoly: Φ(−t)·e^(t²/2) = w(c0 + c1·v + …), w = 1/(1 + phiK·t), v = (t − 2)·w, 0 ≤ t ≤ 13.3; 2.5e-8.
// The coefficients of the powers of v decrease so fast that the rounding errors at both ends are small.
var phiPoly = []float64{0.282411368357, -0.0810526392026, 0.0132944546636, -0.000636547920941, -0.00015839457303,
	1.48812672945e-5, 3.3732145612e-6, -2.09875784926e-7, -7.45018056473e-8}

const phiK = 0.34

// poly returns the polynomial with the coefficients c, lowest degree first, at x.
func (a *asm) poly(x V, c ...float64) V {
	p := a.copy(f(c[len(c)-1]), len(x))
	for k := len(c) - 2; k >= 0; k-- {
		a.horner(p, x, f(c[k]))
	}
	return p
}

// expParts splits x = n·ln 2 + r, overwrites x with r and returns magic + n.
func (a *asm) expParts(x V) V {
	t := a.copy(f(magic), len(x))
	a.acc(t, x, f(math.Log2E))
	n := a.sub(t, f(magic))
	a.less(x, n, f(ln2High))
	a.less(x, n, f(ln2Low))
	return t
}

func (a *asm) expPoly(r V) V { return a.poly(r, append([]float64{1, 1}, expPoly...)...) }

// power returns 2ⁿ for t = magic + n.
func (a *asm) power(t V) V {
	d := a.vectors(len(t))
	for i := range t {
		a.VPSLLD(operand.U8(23), t[i], d[i])
	}
	return d
}

// exp returns e^(x − ½·rest) for x ≤ 88, exactly 0 where x < lowest, NaN for NaN. x is overwritten; rest is
// the rounding error of x, and may be nil.
func (a *asm) exp(x V, lowest float64, rest V) V {
	ok := a.compare(notLess, x, f(lowest))
	t := a.expParts(x)
	if rest != nil {
		a.less(x, rest, f(0.5))
	}
	p := a.expPoly(x)
	return a.keep(ok, a.mul(p, a.power(t)))
}

// expFull returns e^x for any x, +Inf beyond the largest float32.
func (a *asm) expFull(x V) V {
	ok := a.compare(notLess, x, f(expLowest))
	x = a.min(f(89), x)
	t := a.expParts(x)
	p := a.expPoly(x)
	big := a.compare(greater, t, f(magic+127)) // 2^128 is not a float32: halve it, double p
	t = a.sub(t, a.keep(big, a.copy(f(1), len(t))))
	p = a.add(p, a.keep(big, p))
	return a.keep(ok, a.mul(p, a.power(t)))
}

// reciprocal returns 1/x for x in a range whose reciprocals are normal. x is overwritten.
func (a *asm) reciprocal(x V) V {
	if !a.wide {
		return a.div(f(1), x)
	}
	r := a.vectors(len(x))
	for i := range x {
		a.VRCP14PS(x[i], r[i])
	}
	a.from(x, r, f(1)) // one step of Newton: r + r(1 − x·r)
	return a.horner(x, r, r)
}

func (a *asm) abs(x src) V      { return a.and(x, konst(0x7fffffff)) }
func (a *asm) minusAbs(x src) V { return a.or(x, konst(0x80000000)) }
func (a *asm) oneMinus(x src) V { return a.sub(f(1), x) }

// above and below clamp x, but do not change NaN.
func (a *asm) above(low float64, x src) V  { return a.max(f(low), x) }
func (a *asm) below(high float64, x src) V { return a.min(f(high), x) }

// sigmoid returns 1/(1+e⁻ˣ).
func (a *asm) sigmoid(x V) V {
	e, r := a.logistic(x)
	return a.mul(a.choose(a.negative(x), e, f(1)), r)
}

// sigmoidSlope also returns the slope σ(1−σ), as e·r² without the cancellation in 1−σ.
func (a *asm) sigmoidSlope(x V) (s, slope V) {
	e, r := a.logistic(x)
	s = a.mul(a.choose(a.negative(x), e, f(1)), r)
	return s, a.mul(a.mul(e, r), r)
}

// logistic returns e = e^−|x| ≤ 1 and r = 1/(1 + e); σ(x) is e·r for negative x, else r.
func (a *asm) logistic(x V) (e, r V) {
	e = a.exp(a.minusAbs(x), expLowest, nil)
	return e, a.reciprocal(a.add(e, f(1)))
}

// tanh returns (1 − e)/(1 + e) with e = e^−2|x| and the sign of x, near 0 the polynomial.
func (a *asm) tanh(x V) V {
	m := a.minusAbs(x)
	e := a.exp(a.add(m, m), expLowest, nil)
	top := a.oneMinus(e)
	far := a.or(a.mul(top, a.reciprocal(a.add(e, f(1)))), a.and(x, konst(0x80000000)))
	q := a.mul(x, x)
	near := a.mul(a.poly(q, tanhPoly...), q)
	near = a.horner(near, x, x)
	return a.choose(a.compare(less, a.abs(x), f(0.625)), near, far)
}

// normal returns Φ(−|x|) and e^(−x²/2) for |x| ≤ 100, both exactly 0 where the latter is below e^lowest.
func (a *asm) normal(x V, lowest float64) (tail, bell V) {
	q := a.mul(x, x)
	rest := a.msub(a.copy(x, len(x)), x, q) // x² − q, whose effect on the exponential is large in the tail
	bell = a.exp(a.mul(q, f(-0.5)), lowest, rest)
	t := a.abs(x)
	w := a.reciprocal(a.horner(a.copy(t, len(t)), f(phiK), f(1)))
	return a.mul(a.mul(a.poly(a.mul(a.sub(t, f(2)), w), phiPoly...), w), bell), bell
}

// log returns the natural logarithm of x, which is 0 or normal: −Inf for 0, NaN for NaN.
func (a *asm) log(x V) V {
	const rootHalf, minusRootHalf = konst(0x3f3504f3), konst(1<<32 - 0x3f3504f3)
	bits := a.op(addInt, x, minusRootHalf)
	m := a.op(addInt, a.and(bits, konst(0x007fffff)), rootHalf) // x = 2ᵉ·m, √½ ≤ m < √2
	e := a.vectors(len(x))
	for k, r := range e {
		a.VPSRAD(operand.U8(23), bits[k], r)
		a.VCVTDQ2PS(r, r)
	}
	m = a.sub(m, f(1))
	q := a.mul(m, m)
	p := a.mul(a.mul(a.poly(m, logPoly...), q), m)
	a.acc(p, e, f(ln2Low))
	a.less(p, q, f(0.5))
	a.acc(p, e, f(ln2High))
	p = a.add(p, m)
	a.acc(p, x, f(0)) // NaN
	return a.choose(a.compare(less, x, f(0x1p-126)), f(math.Inf(-1)), p)
}
