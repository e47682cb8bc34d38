package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Byte offsets in the tile structure of package matmul; a test in that package compares
// them with the compiler's. beta directly follows alpha.
const (
	offA, offB, offC       = 0, 8, 16
	offRows, offCols, offK = 24, 32, 40
	offARow, offAStep      = 48, 56
	offBStep, offCRow      = 64, 72
	offAhead, offAheadStep = 80, 88
	offGroup, offBGroup    = 96, 104
	offAlpha               = 112
)

// vector is one instruction set and element type.
type vector struct {
	wide  bool // AVX-512, with 32 registers and masks; else AVX2 with 16
	size  int  // bytes of an element
	lanes int
	rows  int // of the largest tile
	of    operands
}

// operands is the type of the elements of A and B.
type operands int

const (
	numbers operands = iota // of the type of the sums
	pairs                   // pairs of bfloat16
	fours                   // groups of four bytes, those of A unsigned: the sums are int32
)

func avx512(size int) vector { return vector{wide: true, size: size, lanes: 64 / size, rows: 14} }

func avx2(size int) vector { return vector{size: size, lanes: 32 / size, rows: 6} }

// name returns the name of a routine, for example sTileAVX512.
func (v vector) name(routine string) string {
	letter, set := "s", "AVX2"
	if v.size == 8 {
		letter = "d"
	}
	if v.wide {
		set = "AVX512"
	}
	switch v.of {
	case pairs:
		letter = "b"
	case fours:
		letter = "q"
	}
	return letter + routine + set
}

func (v vector) bytes() int { return v.lanes * v.size }

func (v vector) reg() VecVirtual {
	if v.wide {
		return ZMM()
	}
	return YMM()
}

// pick returns the instruction for float32 or float64.
func (v vector) pick(s, d func(...Op)) func(...Op) {
	if v.size == 4 {
		return s
	}
	return d
}

func (v vector) load(m Mem, r Op)      { v.pick(VMOVUPS, VMOVUPD)(m, r) }
func (v vector) store(r Op, m Mem)     { v.pick(VMOVUPS, VMOVUPD)(r, m) }
func (v vector) broadcast(m Mem, r Op) { v.pick(VBROADCASTSS, VBROADCASTSD)(m, r) }
func (v vector) fma(x, y, sum Op)      { v.pick(VFMADD231PS, VFMADD231PD)(x, y, sum) }
func (v vector) mul(x, y, product Op)  { v.pick(VMULPS, VMULPD)(x, y, product) }
func (v vector) add(x, y, sum Op)      { v.pick(VADDPS, VADDPD)(x, y, sum) }
func (v vector) zero(r Op)             { v.pick(VXORPS, VXORPD)(r, r, r) }

// part emits the load of the lanes selected by mask k, with zeros in the others.
func (v vector) part(m Mem, k, r Op) {
	switch {
	case v.wide && v.size == 4:
		VMOVUPS_Z(m, k, r)
	case v.wide:
		VMOVUPD_Z(m, k, r)
	case v.size == 4:
		VMASKMOVPS(m, k, r)
	default:
		VMASKMOVPD(m, k, r)
	}
}

// partTo emits the store of the lanes selected by mask k.
func (v vector) partTo(r, k Op, m Mem) {
	switch {
	case v.wide:
		v.pick(VMOVUPS, VMOVUPD)(r, k, m)
	case v.size == 4:
		VMASKMOVPS(r, k, m)
	default:
		VMASKMOVPD(r, k, m)
	}
}

// mask returns a mask of the first n lanes; n is a register with 0..lanes.
func (v vector) mask(n GPVirtual) Op {
	if v.wide {
		bits, k := GP64(), K()
		MOVQ(I32(-1), bits)
		BZHIQ(n, bits, bits)
		KMOVW(bits.As32(), k)
		return k
	}
	table, back, m := GP64(), GP64(), YMM()
	LEAQ(maskTable().Offset(32), table)
	MOVQ(n, back)
	NEGQ(back)
	VMOVUPS(Mem{Base: table, Index: back, Scale: uint8(v.size)}, m)
	return m
}

var table *Mem

// maskTable is 32 bytes of ones and then 32 of zeros: read from 32−n bytes
// on, it masks the first n bytes of a vector.
func maskTable() Mem {
	if table == nil {
		m := GLOBL("laneMask", RODATA|NOPTR)
		for i := range 8 {
			word := ^uint64(0)
			if i >= 4 {
				word = 0
			}
			DATA(8*i, U64(word))
		}
		table = &m
	}
	return *table
}

// field loads a field of the tile structure.
func field(t Register, offset int) GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: t, Disp: offset}, r)
	return r
}

// strided addresses the rows of a matrix with few registers: several rows are addressed
// from each base pointer by the stride with the scales 1, 2, 4 and 8.
type strided struct {
	base   map[int]GPVirtual
	stride GPVirtual
}

// reach returns, for each row, the row of the base pointer that addresses it.
func reach(rows int) map[int]int {
	from := map[int]int{}
	for base := 0; len(from) < rows; base++ {
		if _, ok := from[base]; ok {
			continue
		}
		for _, step := range []int{0, 1, 2, 4, 8} {
			if _, ok := from[base+step]; !ok && base+step < rows {
				from[base+step] = base
			}
		}
	}
	return from
}

func newStrided(first, stride GPVirtual, rows int) strided {
	s := strided{map[int]GPVirtual{}, stride}
	from := reach(rows)
	for i := range rows {
		base := from[i]
		if s.base[base] != nil {
			continue
		}
		p := GP64()
		if base == 0 {
			MOVQ(first, p)
		} else {
			IMUL3Q(I32(int32(base)), stride, p)
			ADDQ(first, p)
		}
		s.base[base] = p
	}
	return s
}

func (s strided) row(i int) Mem {
	base := reach(i + 1)[i]
	m := Mem{Base: s.base[base]}
	if i > base {
		m.Index, m.Scale = s.stride, uint8(i-base)
	}
	return m
}

// advance emits the advance of all base pointers by step, a register or constant.
func (s strided) advance(step Op) {
	for i := range 16 {
		if p, ok := s.base[i]; ok {
			ADDQ(step, p)
		}
	}
}

func label(format string, args ...any) string { return fmt.Sprintf(format, args...) }
