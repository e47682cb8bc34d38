//go:build linux && amd64

package main

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func code(t *testing.T, text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	require.NoError(t, err)
	return b
}

// The bytes are those of LLVM's assembler, llvm-mc -show-encoding.
func TestDecode(t *testing.T) {
	for text, want := range map[string]string{
		"c4 e2 78 49 00":                "ldtilecfg [rax]",
		"c4 c2 78 49 45 00":             "ldtilecfg [r13]",
		"c4 e2 78 49 05 34 12 00 00":    "ldtilecfg [rip+4660]",
		"c4 e2 79 49 44 24 f8":          "sttilecfg [rsp+-8]",
		"c4 e2 78 49 c0":                "tilerelease",
		"c4 e2 7b 49 c0":                "tilezero tmm0",
		"c4 e2 7b 49 c8":                "tilezero tmm1",
		"c4 e2 7b 49 f8":                "tilezero tmm7",
		"c4 a2 7b 4b 24 06":             "tileloadd tmm4, [rsi+r8*1]",
		"c4 a2 7b 4b 2c 07":             "tileloadd tmm5, [rdi+r8*1]",
		"c4 a2 7b 4b 34 0a":             "tileloadd tmm6, [rdx+r9*1]",
		"c4 a2 7b 4b 3c 09":             "tileloadd tmm7, [rcx+r9*1]",
		"c4 e2 7b 4b 0c 23":             "tileloadd tmm1, [rbx]",
		"c4 e2 7b 4b 44 0d 00":          "tileloadd tmm0, [rbp+rcx*1]",
		"c4 c2 7b 4b 5c 85 f0":          "tileloadd tmm3, [r13+rax*4+-16]",
		"c4 e2 7b 4b 14 25 78 56 34 12": "tileloadd tmm2, [305419896]",
		"c4 a2 79 4b 14 e5 45 23 01 00": "tileloaddt1 tmm2, [r12*8+74565]",
		"c4 82 7a 4b 04 1a":             "tilestored [r10+r11*1], tmm0",
		"c4 82 7a 4b 0c 1c":             "tilestored [r12+r11*1], tmm1",
		"c4 82 7a 4b 54 1d 00":          "tilestored [r13+r11*1], tmm2",
		"c4 a2 7a 4b 1c 1b":             "tilestored [rbx+r11*1], tmm3",
		"c4 a2 7a 4b 34 7c":             "tilestored [rsp+r15*2], tmm6",
		"c4 e2 4a 5c c4":                "tdpbf16ps tmm0, tmm4, tmm6",
		"c4 e2 42 5c cc":                "tdpbf16ps tmm1, tmm4, tmm7",
		"c4 e2 4a 5c d5":                "tdpbf16ps tmm2, tmm5, tmm6",
		"c4 e2 42 5c dd":                "tdpbf16ps tmm3, tmm5, tmm7",
		"c4 e2 7a 5c ef":                "tdpbf16ps tmm5, tmm7, tmm0",
		"c4 e2 63 5e ca":                "tdpbssd tmm1, tmm2, tmm3",
		"c4 e2 62 5e ca":                "tdpbsud tmm1, tmm2, tmm3",
		"c4 e2 61 5e ca":                "tdpbusd tmm1, tmm2, tmm3",
		"c4 e2 60 5e ca":                "tdpbuud tmm1, tmm2, tmm3",
	} {
		bytes := code(t, text)
		in, err := decode(append(bytes, 0xc3, 0xc3))
		require.NoError(t, err, want)
		assert.Equal(t, want, in.String())
		assert.Equal(t, len(bytes), in.size, want)
		_, err = decode(bytes[:len(bytes)-1])
		assert.Error(t, err, "%s without its last byte", want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for text, why := range map[string]string{
		"0f 0b 90 90 90":       errOther.Error(), // UD2
		"c4 e2 79 18 00":       errOther.Error(), // VBROADCASTSS
		"c4 e1 78 49 c0":       errOther.Error(), // another map
		"c4":                   errOther.Error(),
		"c4 e2 f8 49 c0":       "VEX.W",
		"c4 e2 7c 49 c0":       "VEX.L",
		"c4 e2 70 49 c0":       "VEX.vvvv is not 1111",
		"c4 e2 0a 5c c4":       "tile 14",
		"c4 22 7b 4b 24 06":    "VEX.R",
		"c4 c2 4a 5c c4":       "VEX.B",
		"c4 e2 78 49 08":       "ModRM.reg",
		"c4 e2 7b 49 c1":       "ModRM.rm",
		"c4 e2 7b 4b 26":       "no SIB",
		"c4 e2 78 4b 24 06 00": "no valid form",
	} {
		_, err := decode(code(t, text))
		assert.ErrorContains(t, err, why, text)
	}
}

func TestAddress(t *testing.T) {
	r := registers{rip: 100, 3: 1000, 8: ^uint64(63)}
	for _, c := range []struct {
		a             address
		start, stride uint64
	}{
		{address{base: 3, index: 8, scale: 2, disp: -8}, 992, ^uint64(127)},
		{address{base: rip, index: none, disp: 5}, 105, 0},
		{address{base: none, index: 3, scale: 4, disp: -1}, ^uint64(0), 4000},
	} {
		assert.Equal(t, c.start, c.a.start(&r), c.a)
		assert.Equal(t, c.stride, c.a.stride(&r), c.a)
	}
}
