package main

import (
	"fmt"
	"strings"
)

// Byte offsets of the fields that only the tile unit's kernels read.
const offBPanel, offAPart, offBPart, offPanels, offAdd = 88, 96, 104, 112, 120

// Registers by the numbers that encodings have for them.
const (
	ax, cx, dx, bx, si, di = 0, 1, 2, 3, 6, 7
	r8, r9, r10, r11, r12  = 8, 9, 10, 11, 12
)

// tileCode writes the kernels of AMX (Intel, Software Developer's Manual, volume 1,
// chapter 18), whose instructions neither avo nor Go's assembler knows: here registers
// are chosen by hand, and the bytes follow from them.
type tileCode struct{ strings.Builder }

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

// memory is an instruction on tile t and the rows at base + disp, stride apart.
func (c *tileCode) memory(name string, prefix byte, t, base, stride, disp int) {
	rest := []byte{0x44 | byte(t)<<3, byte(stride&7)<<3 | byte(base&7), byte(disp)}
	c.emit(prefix, 0, 0x4b, stride > 7, base > 7, rest, "%s tmm%d, [%d+%d+%d]", name, t, base, stride, disp)
}

func (c *tileCode) load(t, base, stride, disp int)  { c.memory("tileloadd", 3, t, base, stride, disp) }
func (c *tileCode) store(t, base, stride, disp int) { c.memory("tilestored", 2, t, base, stride, disp) }

func (c *tileCode) zero(t int) {
	c.emit(3, 0, 0x49, false, false, []byte{0xc0 | byte(t)<<3}, "tilezero tmm%d", t)
}

// multiply is tmm_sum += tmm_a·tmm_b of pairs of bfloat16.
func (c *tileCode) multiply(sum, a, b int) {
	c.emit(2, byte(b), 0x5c, false, false, []byte{0xc0 | byte(sum)<<3 | byte(a)}, "tdpbf16ps tmm%d, tmm%d, tmm%d", sum, a, b)
}

// kernel writes C = A·B, or C += A·B, for 32 rows and any number of panels of 32
// columns, of whole tiles. Operands have one part, or two of which the second is what the
// first leaves of a float32; of their four products the one of both second parts is
// left out. The tiles 0 to 3 are the sums, 4 and 5 rows of A, 6 and 7 columns of B.
func (c *tileCode) kernel(parts int) {
	fmt.Fprintf(c, "\n// func tiles%d(t *byte)\n// Requires: AMXTILE, AMXBF16\nTEXT ·tiles%d(SB), NOSPLIT, $0-8\n", parts, parts)
	c.line("MOVQ t+0(FP), AX")
	c.line("LEAQ tileShapes<>(SB), BX")
	c.emit(0, 0, 0x49, false, false, []byte{bx}, "ldtilecfg [BX]")
	for _, f := range []struct {
		offset int
		name   string
	}{{offARow, "R8"}, {offCRow, "R11"}, {offC, "R10"}, {offB, "R13"}} {
		c.line("MOVQ %d(AX), %s", f.offset, f.name)
	}
	c.line("MOVQ $128, R9")
	fmt.Fprintln(c, "panel:")
	c.sums()
	c.begin(parts)
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

// begin puts the pointers at a panel's first step: SI and DI at the two tiles of A, BX
// and CX at their second parts, DX and R12 at those of B.
func (c *tileCode) begin(parts int) {
	c.line("MOVQ %d(AX), SI", offA)
	c.line("MOVQ R8, DI")
	c.line("SHLQ $4, DI")
	c.line("ADDQ SI, DI")
	c.line("MOVQ R13, DX")
	if parts == 2 {
		c.line("MOVQ %d(AX), CX", offAPart)
		c.line("LEAQ (SI)(CX*1), BX")
		c.line("ADDQ DI, CX")
		c.line("MOVQ %d(AX), R12", offBPart)
		c.line("ADDQ R13, R12")
	}
	c.line("MOVQ %d(AX), R14", offK)
}

// sums writes what the sums begin with: zero, or C.
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

// step writes the products of 16 pairs along k. Of two parts the small products come
// first, and an operand that is loaded is used for all it can be.
func (c *tileCode) step(parts int) {
	products := func() {
		for t := range 4 {
			c.multiply(t, 4+t/2, 6+t%2)
		}
	}
	columns := func(base int) { c.load(6, base, r9, 0); c.load(7, base, r9, 64) }
	rows := func(upper, lower int) { c.load(4, upper, r8, 0); c.load(5, lower, r8, 0) }
	if parts == 2 {
		rows(bx, cx)
		columns(dx)
		products()
		rows(si, di)
		products()
		columns(r12)
		products()
		c.line("ADDQ $64, BX")
		c.line("ADDQ $64, CX")
		c.line("ADDQ $2048, R12")
	} else {
		rows(si, di)
		columns(dx)
		products()
	}
	c.line("ADDQ $64, SI")
	c.line("ADDQ $64, DI")
	c.line("ADDQ $2048, DX")
}

// tileKernels is the text of all of them, and of their configuration: palette 1, eight
// tiles of 16 rows and 64 bytes.
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
	c.kernel(1)
	c.kernel(2)
	return c.String()
}
