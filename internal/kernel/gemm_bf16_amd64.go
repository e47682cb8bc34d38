package kernel

import "golang.org/x/sys/cpu"

//go:noescape
func bTileAVX512(t *tile[float32])

//go:noescape
func bPanelAVX512(t *tile[float32])

//go:noescape
func toPairs(dst *float32, dstStep int, src *float32, srcStep int, rows, cols int)

//go:noescape
func pairRows(dst *float32, panelStep int, even, odd *float32, cols int)

// hasBF16 tells whether the processor multiplies pairs of bfloat16 (VDPBF16PS).
var hasBF16 = cpu.X86.HasAVX512BF16 && cpu.X86.HasAVX512BW

// bf16Kernels are those of AVX-512, but tiles multiply bfloat16.
func bf16Kernels() *kernels[float32] {
	return &kernels[float32]{rows: 14, cols: 32, tile: bTileAVX512, panel: bPanelAVX512, transpose: transposeBlocks, pack: pairs{}}
}

// pairs packs numbers as bfloat16, two of them along k in the place of one
// float32, low half first. An odd k is filled up with zeros.
type pairs struct{}

func (pairs) steps(k int) int { return (k + 1) / 2 }

func (pairs) a(ks *kernels[float32], w *workspace[float32], i0, m, k0, k int) view[float32] {
	p := &w.product
	const pad = 16
	if p.transA {
		ld := m + pad
		w.a = grown(w.a, (k+1)/2*ld)
		for l := 0; l < k; l += 2 {
			row := p.a[(k0+l)*p.lda+i0:]
			pairRows(&w.a[l/2*ld], ks.cols*4, &row[0], next(row, p.lda, l+1 < k), m)
		}
		return view[float32]{w.a, 1, ld}
	}
	ld := (k+1)/2 + pad
	w.a = grown(w.a, m*ld)
	toPairs(&w.a[0], ld*4, &p.a[i0*p.lda+k0], p.lda*4, m, k)
	return view[float32]{w.a, ld, 1}
}

func (pairs) inPlace() bool { return false }

func (pairs) panels(ks *kernels[float32], w *workspace[float32], dst []float32, k0, k, j0, n int) {
	p := &w.product
	half := (k + 1) / 2
	if !p.transB {
		for l := 0; l < k; l += 2 {
			row := p.b[(k0+l)*p.ldb+j0:]
			pairRows(&dst[l/2*ks.cols], half*ks.cols*4, &row[0], next(row, p.ldb, l+1 < k), n)
		}
		return
	}
	// Rows of B become rows of pairs, a panel's at a time, which stay in the level-1
	// and -2 caches until they are transposed.
	w.a = grown(w.a, ks.cols*half)
	for j := 0; j < n; j += ks.cols {
		cols := min(ks.cols, n-j)
		toPairs(&w.a[0], half*4, &p.b[(j0+j)*p.ldb+k0], p.ldb*4, cols, k)
		ks.transpose(dst[j*half:], ks.cols, w.a, half, cols, half)
	}
}

// zeros stand for the row after the last.
var zeros [blockCols]float32

// next is the row below, or zeros if there is none.
func next(row []float32, ld int, there bool) *float32 {
	if there {
		return &row[ld]
	}
	return &zeros[0]
}
