package matmul

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:noescape
func bTileAVX512(t *tile[float32])

//go:noescape
func bPanelAVX512(t *tile[float32])

//go:noescape
func toPairs(dst *float32, dstStep, part int, src *float32, srcStep int, rows, cols int)

//go:noescape
func toPairs2(dst *float32, dstStep, part int, src *float32, srcStep int, rows, cols int)

//go:noescape
func pairRows(dst *float32, dstStep, panelStep, part int, even, odd *float32, srcStep, rows, cols int)

//go:noescape
func toPairs3(dst *float32, dstStep, part int, src *float32, srcStep int, rows, cols int)

//go:noescape
func pairRows2(dst *float32, dstStep, panelStep, part int, even, odd *float32, srcStep, rows, cols int)

//go:noescape
func pairRows3(dst *float32, dstStep, panelStep, part int, even, odd *float32, srcStep, rows, cols int)

// hasBF16 reports whether the processor multiplies pairs of bfloat16 (VDPBF16PS).
var hasBF16 = cpu.X86.HasAVX512BF16 && cpu.X86.HasAVX512BW

// bf16Kernels returns the kernels of AVX-512, with tiles that multiply bfloat16.
func bf16Kernels() *kernels[float32] {
	return &kernels[float32]{operands: "bfloat16", rows: 14, cols: 32, tile: bTileAVX512, panel: bPanelAVX512, transpose: transposeBlocks,
		pack: pairs{rows: toPairs, columns: pairRows, count: 1, unit: 1}}
}

// splitKernels returns kernels for operands of so many bfloat16 parts without a tile unit. They
// make several passes over a tile of C, which is slower than float32, but has the same precision
// as the tile unit.
func splitKernels(parts int) *kernels[float32] {
	ks := &kernels[float32]{operands: "two bfloat16", rows: 14, cols: 32, tile: splitTile([][2]int{{1, 0}, {0, 1}, {0, 0}}), transpose: transposeBlocks, pack: splitPairs(parts, 1)}
	if parts == 3 {
		ks.operands = "three bfloat16"
		ks.tile = splitTile([][2]int{{2, 0}, {1, 1}, {0, 2}, {1, 0}, {0, 1}, {0, 0}})
	}
	return ks
}

// splitPairs returns the packing of numbers in so many parts.
func splitPairs(parts, unit int) pairs {
	switch parts {
	case 2:
		return pairs{rows: toPairs2, columns: pairRows2, count: 2, unit: unit, byRow: true}
	case 3:
		return pairs{rows: toPairs3, columns: pairRows3, count: 3, unit: unit, byRow: true}
	}
	return pairs{rows: toPairs, columns: pairRows, count: 1, unit: unit, byRow: true}
}

// splitTile returns a tile function that adds up the products of these parts of A and B.
func splitTile(products [][2]int) func(*tile[float32]) {
	return func(t *tile[float32]) {
		a, b, beta := unsafe.Pointer(t.a), unsafe.Pointer(t.b), t.beta
		for _, p := range products {
			t.a, t.b = (*float32)(unsafe.Add(a, p[0]*t.aPart)), (*float32)(unsafe.Add(b, p[1]*t.bPart))
			bTileAVX512(t)
			t.beta = 1
		}
		t.beta = beta
	}
}

// pairs packs numbers as bfloat16: a pair of numbers along k replaces one float32, the
// first in the low half. Incomplete steps are padded with zeros.
type pairs struct {
	rows    func(dst *float32, dstStep, part int, src *float32, srcStep int, rows, cols int)
	columns func(dst *float32, dstStep, panelStep, part int, even, odd *float32, srcStep, rows, cols int)
	count   int  // parts of a number
	unit    int  // the number of pairs is a multiple of it
	byRow   bool // pack A row by row even if it is stored transposed
}

func (q pairs) steps(k int) int { return (k + 2*q.unit - 1) / (2 * q.unit) * q.unit }

func (q pairs) parts() int { return q.count }

func (pairs) factors() int { return 0 }

func (pairs) inPlace() bool { return false }

func (q pairs) a(ks *kernels[float32], w *workspace[float32], i0, m, k0, k int) view[float32] {
	const pad = 16 // keeps rows out of the same cache sets, and fits the last vector of a row
	p, steps := &w.product, q.steps(k)
	ld := steps + pad
	all := (m + ks.rows - 1) / ks.rows * ks.rows * ld
	switch {
	case !p.transA:
		w.a = grown(w.a, q.count*all)
		q.rows(&w.a[0], ld*4, all*4, &p.a[i0*p.lda+k0], p.lda*4, m, k)
		return view[float32]{w.a, ld, 1, all}
	case !q.byRow:
		ld = m + pad
		w.a = grown(w.a, steps*ld)
		q.pairs(w.a, ld, ks.cols, 0, p.a[k0*p.lda+i0:], p.lda, k, m)
		return view[float32]{w.a, 1, ld, 0}
	}
	w.a = grown(w.a, q.count*all)
	across := m + pad
	w.s = grown(w.s, q.count*steps*across)
	q.pairs(w.s, across, ks.cols, steps*across, p.a[k0*p.lda+i0:], p.lda, k, m)
	for part := range q.count {
		ks.transpose(w.a[part*all:], ld, w.s[part*steps*across:], across, steps, m)
	}
	return view[float32]{w.a, ld, 1, all}
}

// pairs combines k rows of src, of cols columns each, into rows of pairs: row l of dst has
// the pairs of rows 2l and 2l+1. Rows of dst are step apart, its panels panelStep apart.
func (q pairs) pairs(dst []float32, step, panelStep, part int, src []float32, ld, k, cols int) {
	whole, l := k/2, k/2
	if whole > 0 {
		q.columns(&dst[0], step*4, panelStep*4, part*4, &src[0], &src[ld], 2*ld*4, whole, cols)
	}
	if k%2 == 1 {
		q.columns(&dst[l*step], step*4, panelStep*4, part*4, &src[(k-1)*ld], &zeros[0], 0, 1, cols)
		l++
	}
	if steps := q.steps(k); l < steps {
		q.columns(&dst[l*step], step*4, panelStep*4, part*4, &zeros[0], &zeros[0], 0, steps-l, cols)
	}
}

func (q pairs) panels(ks *kernels[float32], w *workspace[float32], dst []float32, k0, k, j0, n int) {
	p, steps := &w.product, q.steps(k)
	part, panel := steps*ks.cols, ks.panelSize(k)
	if !p.transB {
		q.pairs(dst, ks.cols, panel, part, p.b[k0*p.ldb+j0:], p.ldb, k, n)
		return
	}
	// Rows of B become rows of pairs, one panel at a time, which stay in the level-1 and
	// level-2 caches until they are transposed.
	const tail = 16 // for the last vector of the last row
	all := ks.cols*steps + tail
	w.s = grown(w.s, q.count*all)
	for j := 0; j < n; j += ks.cols {
		cols := min(ks.cols, n-j)
		q.rows(&w.s[0], steps*4, all*4, &p.b[(j0+j)*p.ldb+k0], p.ldb*4, cols, k)
		for i := range q.count {
			ks.transpose(dst[j/ks.cols*panel+i*part:], ks.cols, w.s[i*all:], steps, cols, steps)
		}
	}
}

// zeros replaces the rows after the last.
var zeros [blockCols]float32
