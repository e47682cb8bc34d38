//go:build linux && amd64

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

type operation uint8

const (
	ldtilecfg operation = iota
	sttilecfg
	tilerelease
	tilezero
	tileloadd
	tileloaddt1
	tilestored
	tdpbf16ps
	tdpbssd
	tdpbsud
	tdpbusd
	tdpbuud
)

var mnemonics = [...]string{"ldtilecfg", "sttilecfg", "tilerelease", "tilezero", "tileloadd", "tileloaddt1", "tilestored",
	"tdpbf16ps", "tdpbssd", "tdpbsud", "tdpbusd", "tdpbuud"}

// form identifies an operation: opcode in the map 0F38, mandatory prefix (1 for 66, 2
// for F3, 3 for F2), and whether ModRM is an address.
type form struct {
	opcode, prefix byte
	memory         bool
}

var operations = map[form]operation{
	{0x49, 0, true}:  ldtilecfg,
	{0x49, 1, true}:  sttilecfg,
	{0x49, 0, false}: tilerelease,
	{0x49, 3, false}: tilezero,
	{0x4b, 3, true}:  tileloadd,
	{0x4b, 1, true}:  tileloaddt1,
	{0x4b, 2, true}:  tilestored,
	{0x5c, 2, false}: tdpbf16ps,
	{0x5e, 3, false}: tdpbssd,
	{0x5e, 2, false}: tdpbsud,
	{0x5e, 1, false}: tdpbusd,
	{0x5e, 0, false}: tdpbuud,
}

// instruction is a decoded tile instruction: dst is the tile that is zeroed, loaded,
// stored or added to, a and b are the factors of a product.
type instruction struct {
	op        operation
	size      int // bytes
	dst, a, b byte
	mem       address
}

// longest is the length of the longest tile instruction in bytes.
const longest = 10

// errOther is the error of decode for code that is not a tile instruction.
var errOther = errors.New("not a tile instruction")

// decode decodes the instruction at the start of code. Errors other than errOther are
// of invalid tile instructions, for which a processor with AMX raises an exception.
func decode(code []byte) (in instruction, err error) {
	var c [longest]byte
	if have := copy(c[:], code); have < 5 || c[0] != 0xc4 || c[1]&0x1f != 2 {
		return in, errOther
	}
	opcode, modrm := c[3], c[4]
	if opcode != 0x49 && opcode != 0x4b && opcode != 0x5c && opcode != 0x5e {
		return in, errOther
	}
	memory := modrm>>6 != 3
	op, ok := operations[form{opcode, c[2] & 3, memory}]
	if !ok {
		return in, fmt.Errorf("#UD: % x has the opcode of a tile instruction, but no valid form of it", c[:5])
	}
	in = instruction{op: op, size: 5, dst: modrm >> 3 & 7, mem: address{base: none, index: none}}
	if memory {
		in.mem, in.size = operand(c[4:], c[1])
		in.size += 4
	}
	if in.size > len(code) {
		return in, errOther
	}
	if why := in.refused(c[:]); why != "" {
		return in, fmt.Errorf("#UD: % x would be %s, but %s", c[:in.size], mnemonics[op], why)
	}
	if op >= tdpbf16ps {
		in.a, in.b = modrm&7, ^c[2]>>3&15
	}
	return in, nil
}

// refused returns what is wrong with the bits around the opcode, or "".
func (in instruction) refused(c []byte) string {
	modrm, vvvv := c[4], ^c[2]>>3&15
	switch {
	case c[2]&0x80 != 0:
		return "VEX.W is 1"
	case c[2]&4 != 0:
		return "VEX.L is 1"
	case in.op < tdpbf16ps && vvvv != 0:
		return "VEX.vvvv is not 1111"
	case vvvv > 7:
		return fmt.Sprintf("VEX.vvvv is tile %d", vvvv)
	case c[1]&0x80 == 0:
		return "VEX.R selects a tile from 8 to 15"
	case in.op >= tdpbf16ps && c[1]&0x20 == 0:
		return "VEX.B selects a tile from 8 to 15"
	case in.op <= tilerelease && in.dst != 0:
		return "ModRM.reg is not 0"
	case (in.op == tilerelease || in.op == tilezero) && modrm&7 != 0:
		return "ModRM.rm is not 0"
	case in.op >= tileloadd && in.op <= tilestored && modrm&7 != 4:
		return "its address has no SIB byte"
	}
	return ""
}

// registers are the general-purpose registers in order of their codes, then the
// address of the next instruction.
type registers [17]uint64

const (
	rip  = 16
	none = 17
)

var registerNames = [...]string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip"}

// address is a memory operand: the first row of the tile is at base + disp, and the
// rows are index·scale apart.
type address struct {
	base, index byte
	scale       uint64
	disp        int32
}

func (a address) start(r *registers) uint64 {
	start := uint64(int64(a.disp))
	if a.base != none {
		start += r[a.base]
	}
	return start
}

func (a address) stride(r *registers) uint64 {
	if a.index == none {
		return 0
	}
	return r[a.index] * a.scale
}

// operand decodes an address that begins with its ModRM byte; vex is the second byte of
// the VEX prefix, which has the bits X and B.
func operand(c []byte, vex byte) (a address, size int) {
	b, x := ^vex>>5&1<<3, ^vex>>6&1<<3
	mod, rm := c[0]>>6, c[0]&7
	a, size = address{base: rm | b, index: none}, 1
	low := rm
	if rm == 4 {
		sib := c[1]
		size = 2
		low = sib & 7
		a.base, a.scale = low|b, 1<<(sib>>6)
		if index := sib>>3&7 | x; index != 4 {
			a.index = index
		}
	}
	switch {
	case mod == 1:
		a.disp = int32(int8(c[size]))
		size++
	case mod == 2 || low == 5: // with mod 0 the displacement replaces the base
		a.disp = int32(binary.LittleEndian.Uint32(c[size:]))
		size += 4
		if mod == 0 {
			a.base = none
			if rm == 5 {
				a.base = rip
			}
		}
	}
	return a, size
}

// String returns the instruction in Intel's notation.
func (in instruction) String() string {
	mem := in.mem.String()
	name := mnemonics[in.op]
	switch in.op {
	case tilerelease:
		return name
	case ldtilecfg, sttilecfg:
		return name + " " + mem
	case tilezero:
		return fmt.Sprintf("%s tmm%d", name, in.dst)
	case tileloadd, tileloaddt1:
		return fmt.Sprintf("%s tmm%d, %s", name, in.dst, mem)
	case tilestored:
		return fmt.Sprintf("%s %s, tmm%d", name, mem, in.dst)
	}
	return fmt.Sprintf("%s tmm%d, tmm%d, tmm%d", name, in.dst, in.a, in.b)
}

func (a address) String() string {
	var terms []string
	if a.base != none {
		terms = append(terms, registerNames[a.base])
	}
	if a.index != none {
		terms = append(terms, fmt.Sprintf("%s*%d", registerNames[a.index], a.scale))
	}
	if a.disp != 0 || terms == nil {
		terms = append(terms, fmt.Sprint(a.disp))
	}
	return "[" + strings.Join(terms, "+") + "]"
}
