package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// asm emits the body of one kernel for one instruction set: AVX-512 (wide) or AVX2 with FMA. Kernels are
// written once, with values of several vectors that are computed in parallel to hide the latency of
// instructions.
type asm struct {
	*build.Context
	wide   bool
	prefix string // of labels
	labels int
	table  *table // constants in memory
	wanted []konst
	held   map[konst]reg.VecVirtual // constants kept in registers
}

// src is a source operand: V, konst, uniform or mem.
type src interface{}

// V is a value of several vector registers.
type V []reg.VecVirtual

// uniform is a register with the same number in every lane, used with every vector of a value.
type uniform struct{ reg.VecVirtual }

// konst is a constant in every lane, given by its bits.
type konst uint32

// mask selects lanes: an opmask register (AVX-512), or the sign bits of a vector (AVX2).
type mask []reg.Register

// f returns the float32 constant nearest to x.
func f(x float64) konst { return konst(math.Float32bits(float32(x))) }

func (a *asm) width() int {
	if a.wide {
		return 16
	}
	return 8
}

func (a *asm) vector() reg.VecVirtual {
	if a.wide {
		return a.ZMM()
	}
	return a.YMM()
}

func (a *asm) vectors(n int) V {
	v := make(V, n)
	for i := range v {
		v[i] = a.vector()
	}
	return v
}

func (a *asm) label(name string) string {
	a.labels++
	return fmt.Sprintf("%s_%s%d", a.prefix, name, a.labels)
}

// hold loads constants into registers for the whole kernel.
func (a *asm) hold(ks []konst) {
	for _, k := range ks {
		a.held[k] = a.broadcast(a.table.at(k))
	}
}

func (a *asm) broadcast(m operand.Mem) reg.VecVirtual {
	v := a.vector()
	a.VBROADCASTSS(m, v)
	return v
}

// scalar broadcasts a float32 parameter.
func (a *asm) scalar(name string) uniform {
	c, err := a.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return uniform{a.broadcast(c.Addr)}
}

// constant returns the register of k, if there is one, and records that k is used.
func (a *asm) constant(k konst) (reg.VecVirtual, bool) {
	r, ok := a.held[k]
	if !ok {
		for _, w := range a.wanted {
			if w == k {
				return nil, false
			}
		}
		a.wanted = append(a.wanted, k)
	}
	return r, ok
}

// in returns the i-th vector of s as a register.
func (a *asm) in(s src, i int) reg.VecVirtual {
	switch s := s.(type) {
	case V:
		return s[i%len(s)]
	case uniform:
		return s.VecVirtual
	case konst:
		if r, ok := a.constant(s); ok {
			return r
		}
		return a.broadcast(a.table.at(s))
	}
	panic(fmt.Sprintf("vec: %T is not a vector", s))
}

// inst is an instruction, with its form that broadcasts an operand from memory.
type inst struct {
	full, bcst func(*build.Context, ...operand.Op)
}

var (
	add    = inst{(*build.Context).VADDPS, (*build.Context).VADDPS_BCST}
	sub    = inst{(*build.Context).VSUBPS, (*build.Context).VSUBPS_BCST}
	mul    = inst{(*build.Context).VMULPS, (*build.Context).VMULPS_BCST}
	div    = inst{(*build.Context).VDIVPS, (*build.Context).VDIVPS_BCST}
	maxPS  = inst{(*build.Context).VMAXPS, (*build.Context).VMAXPS_BCST}
	minPS  = inst{(*build.Context).VMINPS, (*build.Context).VMINPS_BCST}
	and    = inst{(*build.Context).VANDPS, (*build.Context).VANDPS_BCST}
	or     = inst{(*build.Context).VORPS, (*build.Context).VORPS_BCST}
	addInt = inst{(*build.Context).VPADDD, (*build.Context).VPADDD_BCST}
	mulInt = inst{(*build.Context).VPMULLD, (*build.Context).VPMULLD_BCST}

	fma213  = inst{(*build.Context).VFMADD213PS, (*build.Context).VFMADD213PS_BCST}
	fma231  = inst{(*build.Context).VFMADD231PS, (*build.Context).VFMADD231PS_BCST}
	fms213  = inst{(*build.Context).VFMSUB213PS, (*build.Context).VFMSUB213PS_BCST}
	fnma213 = inst{(*build.Context).VFNMADD213PS, (*build.Context).VFNMADD213PS_BCST}
	fnma231 = inst{(*build.Context).VFNMADD231PS, (*build.Context).VFNMADD231PS_BCST}
)

// emit emits in(y, x, dst) for vector i; a constant y without a register is read from memory.
func (a *asm) emit(in inst, y src, i int, x, dst reg.VecVirtual) {
	k, ok := y.(konst)
	if !ok {
		in.full(a.Context, a.in(y, i), x, dst)
		return
	}
	if r, held := a.constant(k); held {
		in.full(a.Context, r, x, dst)
	} else if a.wide {
		in.bcst(a.Context, a.table.at(k), x, dst)
	} else {
		in.full(a.Context, a.table.at(k), x, dst)
	}
}

// size returns the number of vectors of the first operand that is a V.
func size(ss ...src) int {
	for _, s := range ss {
		if v, ok := s.(V); ok {
			return len(v)
		}
	}
	return 1
}

// op returns in(x, y) as a new value.
func (a *asm) op(in inst, x, y src) V {
	d := a.vectors(size(x, y))
	for i := range d {
		a.emit(in, y, i, a.in(x, i), d[i])
	}
	return d
}

func (a *asm) add(x, y src) V { return a.op(add, x, y) }
func (a *asm) sub(x, y src) V { return a.op(sub, x, y) }
func (a *asm) mul(x, y src) V { return a.op(mul, x, y) }
func (a *asm) div(x, y src) V { return a.op(div, x, y) }
func (a *asm) and(x, y src) V { return a.op(and, x, y) }
func (a *asm) or(x, y src) V  { return a.op(or, x, y) }

// max and min return y where either is NaN.
func (a *asm) max(x, y src) V { return a.op(maxPS, x, y) }
func (a *asm) min(x, y src) V { return a.op(minPS, x, y) }

// update emits d = in(d, x, y), for the fused multiply-adds.
func (a *asm) update(in inst, d V, x, y src) V {
	for i := range d {
		a.emit(in, y, i, a.in(x, i), d[i])
	}
	return d
}

// acc: d += x·y; less: d −= x·y; horner: d = d·x + y; msub: d = d·x − y; from: d = y − d·x. All in place.
func (a *asm) acc(d V, x, y src) V    { return a.update(fma231, d, x, y) }
func (a *asm) less(d V, x, y src) V   { return a.update(fnma231, d, x, y) }
func (a *asm) horner(d V, x, y src) V { return a.update(fma213, d, x, y) }
func (a *asm) msub(d V, x, y src) V   { return a.update(fms213, d, x, y) }
func (a *asm) from(d V, x, y src) V   { return a.update(fnma213, d, x, y) }

// set emits the copy of s to d.
func (a *asm) set(d V, s src) {
	for i := range d {
		k, ok := s.(konst)
		if _, held := a.held[k]; ok && !held {
			a.constant(k)
			a.VBROADCASTSS(a.table.at(k), d[i])
			continue
		}
		a.VMOVAPS(a.in(s, i), d[i])
	}
}

// copy returns a new value of n vectors, equal to s.
func (a *asm) copy(s src, n int) V {
	d := a.vectors(n)
	a.set(d, s)
	return d
}

// zero returns n vectors of zeros.
func (a *asm) zero(n int) V {
	d := a.vectors(n)
	for _, r := range d {
		if a.wide {
			a.VPXORD(r, r, r)
		} else {
			a.VXORPS(r, r, r)
		}
	}
	return d
}
