package kernel

import (
	"math"
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

// hasVNNI and hasIntTiles tell whether the processor multiplies fours of bytes (VPDPBUSD),
// and its tile unit does (TDPBUSD).
var (
	hasVNNI     = cpu.X86.HasAVX512VNNI
	hasIntTiles = cpu.X86.HasAMXInt8
)

// longestInts is the largest k whose sums of products of bytes are sure to fit int32.
const longestInts = math.MaxInt32 / (255 * 127)

// int8Kernels are those of AVX-512, but tiles multiply bytes.
func int8Kernels() *kernels[float32] {
	return &kernels[float32]{operands: "8-bit integers", rows: 14, cols: 32, tile: qTileAVX512, transpose: transposeBlocks,
		pack: fours{unit: 1}, longest: longestInts}
}

// amxIntKernels multiply bytes on the tile unit, or without it where there are few rows.
// Both have the same sums, since integers add up in any order.
func amxIntKernels() *kernels[float32] {
	ks := int8Kernels()
	ks.pack, ks.strip = fours{unit: 16}, intStrip
	return ks
}

// fours packs numbers as bytes, four of them along k in the place of one float32: those of
// A unsigned, 128 too large, those of B signed. A row's factor follows the row; two rows
// follow a panel of B: the columns' factors, and 128 times the sums of their bytes. Steps
// are filled up with zeros.
type fours struct{ unit int }

func (q fours) steps(k int) int { return (k + 4*q.unit - 1) / (4 * q.unit) * q.unit }

func (fours) parts() int { return 1 }

func (fours) factors() int { return 2 }

func (fours) inPlace() bool { return false }

func (q fours) a(ks *kernels[float32], w *workspace[float32], i0, m, k0, k int) view[float32] {
	const pad = 16 // keeps rows out of the same cache sets, and has room for factor and last vector
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
	p := &w.product
	for j := 0; j < n; j += ks.cols {
		panel := dst[j/ks.cols*ks.panelSize(k):][:ks.panelSize(k)]
		clear(panel)
		if at := j0 + j; p.transB {
			q.panel(panel, p.b[at*p.ldb+k0:], 1, p.ldb, k, min(ks.cols, n-j))
		} else {
			q.panel(panel, p.b[k0*p.ldb+at:], p.ldb, 1, k, min(ks.cols, n-j))
		}
	}
}

// panel rounds a panel's columns; down and right are the distances from an element of B to
// the next.
func (q fours) panel(panel, b []float32, down, right, k, cols int) {
	const width = 32
	bytes := unsafe.Slice((*int8)(unsafe.Pointer(&panel[0])), 4*len(panel))
	excess := unsafe.Slice((*int32)(unsafe.Pointer(&panel[(q.steps(k)+1)*width])), width)
	factors := panel[q.steps(k)*width:][:width]
	var inverse [width]float32
	for c := range cols {
		largest := largestMagnitude(b[c*right:], down, k)
		factors[c], inverse[c] = largest/127, 127/largest
		if !(inverse[c] <= math.MaxFloat32) { // all zero, denormal or NaN
			inverse[c] = 0
		}
	}
	for c := range cols {
		for l := range k {
			v := int8(math.RoundToEven(float64(b[l*down+c*right] * inverse[c])))
			bytes[(l/4*width+c)*4+l%4] = v
			excess[c] += 128 * int32(v)
		}
	}
}

// largestMagnitude is NaN if an element is.
func largestMagnitude(x []float32, step, n int) float32 {
	var largest uint32
	for i := range n {
		largest = max(largest, math.Float32bits(x[i*step])&0x7fffffff)
	}
	return math.Float32frombits(largest)
}

// intStrip computes blocks of C in strips of 32 rows whose sums pass through memory of our
// own, and a few rows without the tile unit.
func intStrip(w *workspace[float32], a, b view[float32], c []float32, m, n, ldc int) {
	const side = 32
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
