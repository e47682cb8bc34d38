package matmul

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:noescape
func qTileAVX512(t *tile[float32])

//go:noescape
func qMergeAVX512(t *tile[float32])

//go:noescape
func tilesOfInts(t *tile[float32])

//go:noescape
func toFours(dst *float32, dstStep int, src *float32, srcStep int, rows, cols, steps int)

// hasVNNI and hasIntTiles report whether the processor multiplies groups of four bytes
// (VPDPBUSD), and whether its tile unit does (TDPBUSD).
var (
	hasVNNI     = cpu.X86.HasAVX512VNNI
	hasIntTiles = cpu.X86.HasAMXInt8
)

// int8Kernels returns the kernels of AVX-512, with tiles that multiply bytes.
func int8Kernels() *kernels[float32] {
	return &kernels[float32]{operands: "8-bit integers", rows: 14, cols: 32, tile: qTileAVX512, transpose: transposeBlocks,
		pack: fours{unit: 1}, longest: longestInts}
}

// amxIntKernels returns kernels that multiply bytes on the tile unit, or without it for few
// rows. Both have the same results, because integer sums do not depend on the order.
func amxIntKernels() *kernels[float32] {
	ks := int8Kernels()
	ks.pack, ks.strip = fours{unit: 16}, intStrip
	return ks
}

// fours packs numbers as bytes: four numbers along k replace one float32. Bytes of A are
// unsigned, with an offset of 128, those of B signed. The scale factor of a row of A follows
// the row. Two rows follow each panel of B: the scale factors of its columns, and 128 times
// the sums of their bytes, which correct for the offset. Incomplete steps are padded with
// zeros.
type fours struct{ unit int }

func (q fours) steps(k int) int { return (k + 4*q.unit - 1) / (4 * q.unit) * q.unit }

func (fours) parts() int { return 1 }

func (fours) factors() int { return 2 }

func (fours) inPlace() bool { return false }

func (q fours) a(ks *kernels[float32], w *workspace[float32], i0, m, k0, k int) view[float32] {
	const pad = 16 // keeps rows out of the same cache sets, and fits the factor and the last vector
	p, steps := &w.product, q.steps(k)
	ld := steps + pad
	w.a = grown(w.a, (m+31)/32*32*ld) // whole tiles
	if p.transA {
		w.s = grown(w.s, m*k)
		ks.transpose(w.s, k, p.a[k0*p.lda+i0:], p.lda, k, m)
		toFours(&w.a[0], ld*4, &w.s[0], k*4, m, k, steps)
	} else {
		toFours(&w.a[0], ld*4, &p.a[i0*p.lda+k0], p.lda*4, m, k, steps)
	}
	return view[float32]{w.a, ld, 1, 0}
}

func (q fours) panels(ks *kernels[float32], w *workspace[float32], dst []float32, k0, k, j0, n int) {
	p, steps := &w.product, q.steps(k)
	const pad = 16 // as for A
	ld := steps + pad
	w.a = grown(w.a, ks.cols*ld)
	for j := 0; j < n; j += ks.cols {
		cols := min(ks.cols, n-j)
		src, ldb := p.b, p.ldb
		if p.transB {
			src = src[(j0+j)*ldb+k0:]
		} else {
			w.s = grown(w.s, cols*k)
			ks.transpose(w.s, k, src[k0*ldb+j0+j:], ldb, k, cols)
			src, ldb = w.s, k
		}
		toFours(&w.a[0], ld*4, &src[0], ldb*4, cols, k, steps)
		panel := dst[j/ks.cols*ks.panelSize(k):][:ks.panelSize(k)]
		clear(panel)
		ks.transpose(panel, ks.cols, w.a, ld, cols, steps+1)
		filled := min(steps, (k+15)/16*4)
		clear(panel[filled*ks.cols : steps*ks.cols])
		sign(panel, filled, cols, panel[(steps+1)*ks.cols:])
	}
}

// sign converts the bytes of a panel, which have an offset of 128, to signed bytes, and
// stores 128 times their sums in excess.
func sign(panel []float32, steps, cols int, excess []float32) {
	const width = 32
	words := unsafe.Slice((*uint32)(unsafe.Pointer(&panel[0])), len(panel))
	sums := unsafe.Slice((*int32)(unsafe.Pointer(&excess[0])), width)
	for l := range steps {
		for c, v := range words[l*width:][:cols] {
			v ^= 0x80808080
			words[l*width+c] = v
			sums[c] += 128 * (int32(int8(v)) + int32(int8(v>>8)) + int32(int8(v>>16)) + int32(v)>>24)
		}
	}
}

// intStrip computes a block of C in strips of 32 rows, whose integer sums are scaled in a
// buffer. It computes a few rows without the tile unit.
func intStrip(w *workspace[float32], a, b view[float32], c []float32, m, n, ldc int) {
	t := &w.tile
	steps := t.k
	w.s = grown(w.s, side*side+side)
	for i := 0; i < m; i += side {
		rows := min(side, m-i)
		for r := range rows {
			w.s[side*side+r] = a.data[(i+r)*a.row+steps]
		}
		for j := 0; j < n; j += side {
			panel := b.data[j/side*b.row:]
			t.rows, t.cols = rows, min(side, n-j)
			t.a, t.b, t.c = &a.data[i*a.row], &panel[0], &c[i*ldc+j]
			if rows <= 14 {
				qTileAVX512(t)
				continue
			}
			t.k, t.cRow, t.panels, t.add, t.c = steps/16, side*4, 1, 0, &w.s[0]
			tilesOfInts(t)
			t.a, t.b, t.c = &w.s[0], &panel[steps*side], &c[i*ldc+j]
			t.k, t.cRow = steps, ldc*4
			qMergeAVX512(t)
		}
	}
}
