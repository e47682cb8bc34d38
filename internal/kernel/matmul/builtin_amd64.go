package matmul

import (
	"unsafe"

	"golang.org/x/sys/cpu"

	"euryale/internal/kernel"
)

// The kernels of kernels_amd64.s, written by gen/matmul.

//go:noescape
func sTileAVX512(t *tile[float32])

//go:noescape
func dTileAVX512(t *tile[float64])

//go:noescape
func sTileAVX2(t *tile[float32])

//go:noescape
func dTileAVX2(t *tile[float64])

//go:noescape
func sRowsAVX512(t *tile[float32])

//go:noescape
func dRowsAVX512(t *tile[float64])

//go:noescape
func sRowsAVX2(t *tile[float32])

//go:noescape
func dRowsAVX2(t *tile[float64])

//go:noescape
func sDotsAVX512(t *tile[float32])

//go:noescape
func dDotsAVX512(t *tile[float64])

//go:noescape
func sDotsAVX2(t *tile[float32])

//go:noescape
func dDotsAVX2(t *tile[float64])

// copyPanels8 copies 8 rows of src, srcStep bytes apart, into panels of width
// bytes: row i of panel q goes to dst + q·panelStep + i·width.
//
//go:noescape
func copyPanels8(dst unsafe.Pointer, panelStep int, src unsafe.Pointer, srcStep int, panels int, width int)

// transpose8 transposes blocks of 8×8 along 8 rows of src; both steps in bytes.
//
//go:noescape
func transpose8(dst *float32, dstStep int, src *float32, srcStep int, blocks int)

// hasAVX512 and hasAVX2 tell which kernels this processor and its operating
// system can run. Tests clear hasAVX512 to try the others.
var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasBMI2
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL
)

// builtinTier computes with the assembly kernels, or is nil on a processor
// without AVX2 and FMA.
func builtinTier() *tier {
	switch {
	case hasAVX512:
		return newBuiltin("AVX-512",
			&kernels[float32]{rows: 14, cols: 32, tile: sTileAVX512, addRows: sRowsAVX512, dots: sDotsAVX512, dotRows: 2, transpose: transposeBlocks},
			&kernels[float64]{rows: 14, cols: 16, tile: dTileAVX512, addRows: dRowsAVX512, dots: dDotsAVX512, dotRows: 2, transpose: transposeLoop[float64]})
	case hasAVX2:
		return newBuiltin("AVX2",
			&kernels[float32]{rows: 6, cols: 16, tile: sTileAVX2, addRows: sRowsAVX2, dots: sDotsAVX2, dotRows: 1, transpose: transposeBlocks},
			&kernels[float64]{rows: 6, cols: 8, tile: dTileAVX2, addRows: dRowsAVX2, dots: dDotsAVX2, dotRows: 1, transpose: transposeLoop[float64]})
	}
	return nil
}

// splitTier is the built-in tier with operands split in two at high precision and in three
// at the highest, even where that is slower; nil where it cannot be.
func splitTier() *tier {
	t := builtinTier()
	if t == nil || !hasAVX512 || !hasBF16 {
		return nil
	}
	t.info.Name, t.info.Detail = "split", t.info.Detail+", split operands"
	if hasTiles {
		t.whole = amxKernels(3)
	} else {
		t.split, t.whole = splitKernels(2), splitKernels(3)
	}
	return t
}

func newBuiltin(set string, s *kernels[float32], d *kernels[float64]) *tier {
	s.operands, d.operands = "float32", "float64"
	s.copyPanels, d.copyPanels = copyPanels[float32], copyPanels[float64]
	s.pack, d.pack = plain[float32]{}, plain[float64]{}
	t := &tier{info: Info{Name: "builtin", Detail: "Go assembly, " + set}, sgemm: s.product, dgemm: d.product, single: s, double: d, anySplit: true}
	if hasAVX512 && hasBF16 {
		t.half = bf16Kernels()
	}
	if hasAVX512 && hasVNNI {
		t.bytes = int8Kernels()
	}
	if hasAVX512 && hasTiles {
		t.half, t.split = amxKernels(1), amxKernels(2)
		if t.bytes != nil && hasIntTiles {
			t.bytes = amxIntKernels()
		}
		t.info.Detail += ", AMX"
	}
	return t
}

// copyPanels copies 8 rows of src into whole panels; steps in elements.
func copyPanels[T kernel.Float](dst []T, panelStep int, src []T, srcStep, panels, width int) {
	size := sizeOf[T]()
	copyPanels8(unsafe.Pointer(&dst[0]), panelStep*size, unsafe.Pointer(&src[0]), srcStep*size, panels, width*size)
}

// transposeBlocks is transposeLoop with whole blocks of 8×8 done in assembly.
func transposeBlocks(dst []float32, dstStep int, src []float32, srcStep, rows, cols int) {
	const size = 4
	wholeRows, wholeCols := rows&^7, cols&^7
	if wholeCols > 0 {
		for i := 0; i < wholeRows; i += 8 {
			transpose8(&dst[i], dstStep*size, &src[i*srcStep], srcStep*size, wholeCols/8)
		}
		if wholeRows < rows {
			transposeLoop(dst[wholeRows:], dstStep, src[wholeRows*srcStep:], srcStep, rows-wholeRows, wholeCols)
		}
	}
	if wholeCols < cols {
		transposeLoop(dst[wholeCols*dstStep:], dstStep, src[wholeCols:], srcStep, rows, cols-wholeCols)
	}
}
