package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Predicates of VCMPPS (Intel's manual, table "Comparison Predicate").
const (
	less    = 1  // x < y
	notLess = 5  // x ≥ y or NaN; of integers x ≥ y
	greater = 14 // x > y
)

func (a *asm) masks(n int) mask {
	m := make(mask, n)
	for i := range m {
		if a.wide {
			m[i] = a.K()
		} else {
			m[i] = a.YMM()
		}
	}
	return m
}

// compare returns the mask of the lanes where the predicate holds for x and y.
func (a *asm) compare(predicate int, x, y src) mask {
	m := a.masks(size(x, y))
	for i := range m {
		a.VCMPPS(operand.U8(predicate), a.in(y, i), a.in(x, i), m[i])
	}
	return m
}

// negative returns the mask of the lanes where the sign bit of x is set.
func (a *asm) negative(x V) mask {
	m := make(mask, len(x))
	for i := range x {
		if !a.wide {
			m[i] = x[i]
			continue
		}
		m[i] = a.K()
		a.VPMOVD2M(x[i], m[i])
	}
	return m
}

// keep returns x where m is set, else +0. It uses all bits of an AVX2 mask, which must be a result of compare.
func (a *asm) keep(m mask, x V) V {
	d := a.vectors(len(x))
	for i := range x {
		if a.wide {
			a.VMOVAPS_Z(x[i], m[i], d[i])
		} else {
			a.VANDPS(x[i], m[i], d[i])
		}
	}
	return d
}

// choose returns x where m is set, else y.
func (a *asm) choose(m mask, x, y src) V {
	d := a.vectors(len(m))
	for i := range d {
		if a.wide {
			a.VBLENDMPS(a.in(x, i), a.in(y, i), m[i], d[i])
		} else {
			a.VBLENDVPS(m[i], a.in(x, i), a.in(y, i), d[i])
		}
	}
	return d
}

// first returns the mask of the first n lanes, all of them if n is larger than the width.
func (a *asm) first(n reg.GPVirtual) mask {
	lanes, m := a.vector(), a.masks(1)
	if a.wide {
		a.VPBROADCASTD(n.As32(), lanes)
		a.VPCMPGTD(a.table.iota(), lanes, m[0])
		return m
	}
	low := lanes.AsX()
	a.VMOVD(n.As32(), low)
	a.VPBROADCASTD(low, lanes)
	a.VPCMPGTD(a.table.iota(), lanes, m[0])
	return m
}
