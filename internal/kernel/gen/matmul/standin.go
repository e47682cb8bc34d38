package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"regexp"
	"strconv"
)

// standIns maps instructions that no kernel uses to instructions of AVX512-BF16 and AVX512-VNNI with
// the same operands, which avo does not support. After register allocation, finish replaces the
// stand-ins by the bytes of these.
var standIns = map[string]evex{
	"VFNMADD231PS": {"VDPBF16PS", 2, 0x52},
	"VFNMSUB231PS": {"VPDPBUSD", 1, 0x50},
	"VPACKSSDW":    {"VCVTNE2PS2BF16", 3, 0x72},
}

// evex is an instruction on three ZMM registers in the opcode map 0F38, without a
// mask: its name, mandatory prefix (1 for 66, 2 for F3, 3 for F2) and opcode (Intel,
// Software Developer's Manual, volume 2, 2.7).
type evex struct {
	name   string
	prefix byte
	opcode byte
}

// bytes returns the encoding of the instruction. Operands are in Go's order: second
// source, first source, destination.
func (e evex) bytes(src2, src1, dst byte) []byte {
	not := func(r, bit byte) byte { return ^r >> bit & 1 } // register bits are stored inverted
	return []byte{
		0x62,
		not(dst, 3)<<7 | not(src2, 4)<<6 | not(src2, 3)<<5 | not(dst, 4)<<4 | 2,
		^src1&15<<3 | 4 | e.prefix,
		2<<5 | not(src1, 4)<<3,
		e.opcode,
		3<<6 | dst&7<<3 | src2&7,
	}
}

var threeRegisters = regexp.MustCompile(`(?m)^\t(VFNMADD231PS|VFNMSUB231PS|VPACKSSDW) +Z(\d+), Z(\d+), Z(\d+)$`)

// finish replaces the stand-ins in the file that avo has written, and adds the AMX kernels.
func finish() {
	file := flag.Lookup("out").Value.String()
	text, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	text = threeRegisters.ReplaceAllFunc(text, func(line []byte) []byte {
		m := threeRegisters.FindSubmatch(line)
		var r [3]byte
		for i := range r {
			n, _ := strconv.Atoi(string(m[2+i]))
			r[i] = byte(n)
		}
		e := standIns[string(m[1])]
		b := e.bytes(r[0], r[1], r[2])
		return fmt.Appendf(nil, "\t// %s Z%d, Z%d, Z%d\n\tLONG $0x%02x%02x%02x%02x; WORD $0x%02x%02x",
			e.name, r[0], r[1], r[2], b[3], b[2], b[1], b[0], b[5], b[4])
	})
	for name := range standIns {
		if bytes.Contains(text, []byte("\t"+name)) {
			log.Fatalf("%s: the stand-in %s was not replaced", file, name)
		}
	}
	if err := os.WriteFile(file, append(text, tileKernels()...), 0o644); err != nil {
		log.Fatal(err)
	}
}
