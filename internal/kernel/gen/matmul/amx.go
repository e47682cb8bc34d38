package main

import (
	"fmt"
	"strings"
)

// Byte offsets of the fields that only the kernels of the tile unit read.
const offBPanel, offAPart, offBPart, offPanels, offAdd = 120, 128, 136, 144, 152

// Registers by their numbers in instruction encodings.
const (
	dx, bx, si, di   = 2, 3, 6, 7
	r8, r9, r10, r11 = 8, 9, 10, 11
)

// tileCode writes the AMX kernels (Intel, Software Developer's Manual, volume 1, chapter
// 18). Neither avo nor Go's assembler supports the tile instructions: registers are
// allocated by hand, and the instructions are written as bytes.
type tileCode struct {
	strings.Builder
	of operands
}

func (c *tileCode) line(format string, args ...any) { fmt.Fprintf(c, "\t"+format+"\n", args...) }

// emit writes a VEX-encoded instruction of the opcode map 0F38: prefix is 0 for none, 1
// for 66, 2 for F3 and 3 for F2; x and b say whether index and base are R8 or above.
func (c *tileCode) emit(prefix, vvvv, opcode byte, x, b bool, rest []byte, format string, args ...any) {
	second := byte(0x80 | 2)
	if !x {
		second |= 0x40
	}
	if !b {
		second |= 0x20
	}
	var text []string
	for _, v := range append([]byte{0xc4, second, ^vvvv&15<<3 | prefix, opcode}, rest...) {
		text = append(text, fmt.Sprintf("BYTE $0x%02x", v))
	}
	c.line("// "+format, args...)
	c.line("%s", strings.Join(text, "; "))
}

// memory writes a load or store of tile t, with rows at base + disp, stride apart.
func (c *tileCode) memory(name string, prefix byte, t, base, stride, disp int) {
	rest := []byte{0x44 | byte(t)<<3, byte(stride&7)<<3 | byte(base&7), byte(disp)}
	c.emit(prefix, 0, 0x4b, stride > 7, base > 7, rest, "%s tmm%d, [%d+%d+%d]", name, t, base, stride, disp)
}

func (c *tileCode) load(t, base, stride, disp int)  { c.memory("tileloadd", 3, t, base, stride, disp) }
func (c *tileCode) store(t, base, stride, disp int) { c.memory("tilestored", 2, t, base, stride, disp) }

func (c *tileCode) zero(t int) {
	c.emit(3, 0, 0x49, false, false, []byte{0xc0 | byte(t)<<3}, "tilezero tmm%d", t)
}

// multiply writes tmm_sum += tmm_a·tmm_b for pairs of bfloat16, or for groups of four bytes,
// those of a unsigned.
func (c *tileCode) multiply(sum, a, b int) {
	rest := []byte{0xc0 | byte(sum)<<3 | byte(a)}
	if c.of == fours {
		c.emit(1, byte(b), 0x5e, false, false, rest, "tdpbusd tmm%d, tmm%d, tmm%d", sum, a, b)
		return
	}
	c.emit(2, byte(b), 0x5c, false, false, rest, "tdpbf16ps tmm%d, tmm%d, tmm%d", sum, a, b)
}

// kernel writes C = A·B, or C += A·B, for 32 rows and any number of panels of 32
// columns, in whole tiles. A float32 operand is the sum of its parts: each part is the
// rounded remainder of those before. Tiles 0 to 3 are the sums, 4 and 5 have rows of A, 6
// and 7 columns of B.
func (c *tileCode) kernel(name, requires string, parts int) {
	fmt.Fprintf(c, "\n// func %s(t *byte)\n// Requires: AMXTILE, %s\nTEXT ·%s(SB), NOSPLIT, $0-8\n", name, requires, name)
	c.line("MOVQ t+0(FP), AX")
	c.line("LEAQ tileShapes<>(SB), BX")
	c.emit(0, 0, 0x49, false, false, []byte{bx}, "ldtilecfg [BX]")
	for _, f := range []struct {
		offset int
		name   string
	}{{offARow, "R8"}, {offCRow, "R11"}, {offC, "R10"}, {offB, "R13"}, {offAPart, "CX"}, {offBPart, "BX"}} {
		c.line("MOVQ %d(AX), %s", f.offset, f.name)
	}
	c.line("MOVQ $128, R9")
	fmt.Fprintln(c, "panel:")
	c.sums()
	c.begin()
	fmt.Fprintln(c, "depth:")
	c.step(parts)
	c.line("DECQ R14")
	c.line("JNZ depth")
	c.line("MOVQ R11, SI")
	c.line("SHLQ $4, SI")
	c.line("ADDQ R10, SI")
	for t := range 4 {
		c.store(t, []int{r10, si}[t/2], r11, 64*(t%2))
	}
	c.line("ADDQ $128, R10")
	c.line("ADDQ %d(AX), R13", offBPanel)
	c.line("DECQ %d(AX)", offPanels)
	c.line("JNZ panel")
	c.emit(0, 0, 0x49, false, false, []byte{0xc0}, "tilerelease")
	c.line("RET")
}

// begin sets the pointers to the first step of a panel: SI and DI to the two tiles of A, DX
// to those of B. The parts of A are CX bytes apart, those of B BX.
func (c *tileCode) begin() {
	c.line("MOVQ %d(AX), SI", offA)
	c.line("MOVQ R8, DI")
	c.line("SHLQ $4, DI")
	c.line("ADDQ SI, DI")
	c.line("MOVQ R13, DX")
	c.line("MOVQ %d(AX), R14", offK)
}

// sums writes the initialization of the sums, with zero or C.
func (c *tileCode) sums() {
	c.line("CMPQ %d(AX), $0", offAdd)
	c.line("JNE old")
	for t := range 4 {
		c.zero(t)
	}
	c.line("JMP begin")
	fmt.Fprintln(c, "old:")
	c.line("MOVQ R11, SI")
	c.line("SHLQ $4, SI")
	c.line("ADDQ R10, SI")
	for t := range 4 {
		c.load(t, []int{r10, si}[t/2], r11, 64*(t%2))
	}
	fmt.Fprintln(c, "begin:")
}

// partsOf lists the products of parts of A and B that are added up for numbers of so many
// parts, in an order in which successive products share an operand. Products that are below
// the precision of float32 sums are omitted.
var partsOf = map[int][][2]int{
	1: {{0, 0}},
	2: {{1, 0}, {0, 0}, {0, 1}},
	3: {{2, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}, {0, 2}},
}

// step writes the products of 16 pairs, or groups of four bytes, along k. A loaded operand is
// used for all successive products that share it.
func (c *tileCode) step(parts int) {
	a, b, loadedA, loadedB := 0, 0, -1, -1
	for _, p := range partsOf[parts] {
		c.move(p[0]-a, "CX", "SI", "DI")
		c.move(p[1]-b, "BX", "DX")
		a, b = p[0], p[1]
		if a != loadedA {
			c.load(4, si, r8, 0)
			c.load(5, di, r8, 0)
		}
		if b != loadedB {
			c.load(6, dx, r9, 0)
			c.load(7, dx, r9, 64)
		}
		loadedA, loadedB = a, b
		for t := range 4 {
			c.multiply(t, 4+t/2, 6+t%2)
		}
	}
	c.move(-a, "CX", "SI", "DI")
	c.move(-b, "BX", "DX")
	c.line("ADDQ $64, SI")
	c.line("ADDQ $64, DI")
	c.line("ADDQ $2048, DX")
}

// move writes the advance of pointers by a multiple of a distance.
func (c *tileCode) move(times int, distance string, pointers ...string) {
	op := "ADDQ"
	if times < 0 {
		op, times = "SUBQ", -times
	}
	for range times {
		for _, p := range pointers {
			c.line("%s %s, %s", op, distance, p)
		}
	}
}

// tileKernels returns the assembly of all AMX kernels and of their tile configuration: palette
// 1, eight tiles of 16 rows and 64 bytes.
func tileKernels() string {
	var c tileCode
	c.WriteString("\n")
	config := [8]uint64{0: 1}
	for t := range 8 {
		config[2+t/4] |= 64 << (16 * (t % 4))
		config[6] |= 16 << (8 * t)
	}
	for i, word := range config {
		fmt.Fprintf(&c, "DATA tileShapes<>+%d(SB)/8, $%#x\n", 8*i, word)
	}
	fmt.Fprintf(&c, "GLOBL tileShapes<>(SB), RODATA|NOPTR, $64\n")
	for parts := 1; parts <= 3; parts++ {
		c.kernel(fmt.Sprintf("tiles%d", parts), "AMXBF16", parts)
	}
	c.of = fours
	c.kernel("tilesOfInts", "AMXINT8", 1)
	return c.String()
}
