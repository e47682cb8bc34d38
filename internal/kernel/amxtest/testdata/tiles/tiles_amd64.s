#include "textflag.h"

// Instructions on tiles, which Go's assembler does not know. Two rows of two tiles
// hold C: tmm0 tmm1 / tmm2 tmm3; tmm4 and tmm5 are of A, tmm6 and tmm7 of B.
#define LDTILECFG_AX      LONG $0x4978e2c4; BYTE $0x00
#define TILERELEASE       LONG $0x4978e2c4; BYTE $0xc0
#define TILEZERO_0        LONG $0x497be2c4; BYTE $0xc0
#define TILEZERO_1        LONG $0x497be2c4; BYTE $0xc8
#define TILEZERO_2        LONG $0x497be2c4; BYTE $0xd0
#define TILEZERO_3        LONG $0x497be2c4; BYTE $0xd8
#define TILELOADD_SI_R8_4 LONG $0x4b7ba2c4; WORD $0x0624
#define TILELOADD_DI_R8_5 LONG $0x4b7ba2c4; WORD $0x072c
#define TILELOADD_DX_R9_6 LONG $0x4b7ba2c4; WORD $0x0a34
#define TILELOADD_CX_R9_7 LONG $0x4b7ba2c4; WORD $0x093c
#define TDPBF16PS_6_4_0   LONG $0x5c4ae2c4; BYTE $0xc4
#define TDPBF16PS_7_4_1   LONG $0x5c42e2c4; BYTE $0xcc
#define TDPBF16PS_6_5_2   LONG $0x5c4ae2c4; BYTE $0xd5
#define TDPBF16PS_7_5_3   LONG $0x5c42e2c4; BYTE $0xdd
#define TILESTORED_0_R10  LONG $0x4b7a82c4; WORD $0x1a04
#define TILESTORED_1_R12  LONG $0x4b7a82c4; WORD $0x1c0c
#define TILESTORED_2_R13  LONG $0x4b7a82c4; WORD $0x1d54; BYTE $0x00
#define TILESTORED_3_BX   LONG $0x4b7aa2c4; WORD $0x1b1c

// func multiply(config *byte, c *float32, a *uint16, lda int, b *uint16, steps int)
TEXT ·multiply(SB), NOSPLIT, $0-48
	MOVQ config+0(FP), AX
	MOVQ c+8(FP), R10
	MOVQ a+16(FP), SI
	MOVQ lda+24(FP), R8
	MOVQ b+32(FP), DX
	MOVQ R8, DI
	SHLQ $4, DI
	ADDQ SI, DI
	LEAQ 64(DX), CX
	MOVQ $128, R9
	LEAQ 64(R10), R12
	LEAQ 2048(R10), R13
	LEAQ 2112(R10), BX
	MOVQ $128, R11
	LDTILECFG_AX
	MOVQ steps+40(FP), AX
	TILEZERO_0
	TILEZERO_1
	TILEZERO_2
	TILEZERO_3

loop:
	TILELOADD_SI_R8_4
	TILELOADD_DX_R9_6
	TDPBF16PS_6_4_0
	TILELOADD_CX_R9_7
	TDPBF16PS_7_4_1
	TILELOADD_DI_R8_5
	TDPBF16PS_6_5_2
	TDPBF16PS_7_5_3
	ADDQ $64, SI
	ADDQ $64, DI
	ADDQ $2048, DX
	ADDQ $2048, CX
	DECQ AX
	JNZ  loop
	TILESTORED_0_R10
	TILESTORED_1_R12
	TILESTORED_2_R13
	TILESTORED_3_BX
	TILERELEASE
	RET

// func zeros(config *byte, n int)
TEXT ·zeros(SB), NOSPLIT, $0-16
	MOVQ config+0(FP), AX
	LDTILECFG_AX
	MOVQ n+8(FP), AX

again:
	TILEZERO_0
	DECQ AX
	JNZ  again
	TILERELEASE
	RET

// func illegal()
TEXT ·illegal(SB), NOSPLIT, $0-0
	UD2
	RET
