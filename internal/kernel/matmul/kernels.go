package matmul

import (
	"math"
	"sync"

	"euryale/internal/kernel"
)

// kernels are the assembly routines for one instruction set and element type,
// and the largest tile they compute.
type kernels[T kernel.Float] struct {
	operands   string // type of the operands, for Products
	rows, cols int    // of the register tile

	// tile computes C = alpha·A·B + beta·C for at most rows×cols elements.
	tile func(*tile[T])
	// addRows computes c[j] += Σᵢ a[i]·B[i][j] for each row of A: k rows of B, cols columns.
	addRows func(*tile[T])
	// dots computes c[j] += alpha·Σᵢ a[i]·B[j][i] for each row of A: cols rows of B, k columns.
	dots func(*tile[T])
	// copyPanels copies 8 rows of src into whole panels, row i of panel q to
	// dst[q·panelStep+i·width].
	copyPanels func(dst []T, panelStep int, src []T, srcStep, panels, width int)
	// transpose stores dst[j·dstStep+i] = src[i·srcStep+j].
	transpose func(dst []T, dstStep int, src []T, srcStep, rows, cols int)
	// panel computes the same as tile for at most panelRows unpacked rows of A and a packed
	// panel of B. If it is nil, addRows and dots compute products with few rows.
	panel func(*tile[T])
	// strip computes a block of C instead of tile, if it is not nil.
	strip func(w *workspace[T], a, b view[T], c []T, m, n, ldc int)
	// pack packs the operands for tile.
	pack packing[T]
	// longest is the largest k, which is then not divided into blocks; 0: no limit.
	longest int

	spaces sync.Pool // of *workspace[T]
}

// tile is the argument of an assembly kernel; gen/matmul has its field offsets.
// Distances are in bytes: aRow and aStep between the rows and between the
// columns (along k) of A, bStep and cRow between the rows of B and C. The prefetching begins ahead of
// b, and moves by aheadStep for each step along k.
type tile[T kernel.Float] struct {
	a, b, c                  *T
	rows, cols, k            int
	aRow, aStep, bStep, cRow int
	ahead, aheadStep         int
	group, bGroup            int // addRows and dots: so many rows of A share a B, whose next one is so far away
	alpha, beta              T

	// For the kernels of the tile unit: the distances between the panels of B, between the
	// parts of A and between the parts of B; the number of panels of C; whether to add to C.
	bPanel, aPart, bPart, panels, add int
}

// workspace is the scratch memory of one product. It is on the heap, because assembly
// has pointers to it, and is reused.
type workspace[T kernel.Float] struct {
	tile    tile[T]
	product product[T] // the current product
	a, b, s []T        // packed operands and intermediate results; sums
	cold    bool       // no tile has prefetched the next panel of B
}

// depth is the largest size of a block along k. Larger blocks access C less often,
// but beyond 512 the operands of a block do not fit the level-2 cache.
const depth = 512

// blockRows is the number of rows of A that are packed at once: 8 tiles of
// 14 × depth float32 (224 KiB) stay in the level-2 cache.
const blockRows = 112

// blockCols is the number of columns of B that are packed at once (at most
// 4 MiB of float32).
const blockCols = 2048

// prefetchSteps is how many steps of a tile before its use a row of B is prefetched, if no tile
// before it did so. The hardware's own prefetching falls behind when few rows of A share a B that
// comes from memory: 8 to 32 rows were 1.4 to 2 times as fast with 24 to 96 steps.
const prefetchSteps = 48

// narrowRows is the largest number of rows for narrow: those of A of all k stay in a cache.
const narrowRows = 32

// longestInts is the largest k for which sums of products of bytes cannot overflow int32.
const longestInts = math.MaxInt32 / (255 * 127)

// product computes p in this goroutine. The bits of an element of C depend on its
// row of A, its column of B, k, and whether m is small (see skinny), but not on n:
// a product may be split anywhere into parts of more than fewRows rows.
func (ks *kernels[T]) product(p product[T]) {
	w := ks.workspace()
	w.product = p
	switch {
	case p.packed != nil && ks.panel != nil && p.m <= panelRows:
		ks.streamed(w)
	case ks.dots != nil && p.packed == nil && (p.m <= 2 || p.m <= fewRows && p.transB && p.k >= longRow):
		ks.skinny(w, &w.product)
	default:
		ks.blocked(w)
	}
	ks.done(w)
}

// workspace returns scratch memory; done releases it.
func (ks *kernels[T]) workspace() *workspace[T] {
	if w, _ := ks.spaces.Get().(*workspace[T]); w != nil {
		return w
	}
	return new(workspace[T])
}

func (ks *kernels[T]) done(w *workspace[T]) {
	w.tile, w.product = tile[T]{}, product[T]{} // do not retain the matrices of the caller
	ks.spaces.Put(w)
}

// blocked computes C in blocks whose operands stay in cache (Goto and van de
// Geijn, Anatomy of High-Performance Matrix Multiplication, 2008).
func (ks *kernels[T]) blocked(w *workspace[T]) {
	p := &w.product
	kc := even(p.k, depth, 32) // a multiple of the steps of all packings
	if ks.longest > 0 || p.m <= 2 {
		kc = p.k // two rows of A stay in cache, and their sums in the order of skinny
	}
	if p.packed != nil && ks.strip == nil && p.m <= narrowRows {
		ks.narrow(w, kc)
		return
	}
	mc := even(p.m, blockRows, ks.rows)
	for k0 := 0; k0 < p.k; k0 += kc {
		k := min(kc, p.k-k0)
		beta := p.beta
		if k0 > 0 {
			beta = 1
		}
		w.tile.alpha, w.tile.beta = p.alpha, beta
		w.tile.k, w.tile.cRow = ks.pack.steps(k), p.ldc*sizeOf[T]()
		for j0 := 0; j0 < p.n; j0 += blockCols {
			n := min(blockCols, p.n-j0)
			b := ks.operandB(w, k0, k, j0, n)
			for i0 := 0; i0 < p.m; i0 += mc {
				m := min(mc, p.m-i0)
				a := ks.pack.a(ks, w, i0, m, k0, k)
				w.cold = true
				ks.block(w, a, b, p.c[i0*p.ldc+j0:], m, n, p.ldc)
			}
		}
	}
}

// narrow computes C with few rows and a packed B panel by panel, all of its depth, so that B is read in
// the order of memory. The bits are those of blocked.
func (ks *kernels[T]) narrow(w *workspace[T], kc int) {
	p := &w.product
	a := ks.pack.a(ks, w, 0, p.m, 0, p.k)
	w.tile.alpha, w.tile.cRow = p.alpha, p.ldc*sizeOf[T]()
	w.cold = true
	for j := 0; j < p.n; j += ks.cols {
		w.tile.beta = p.beta
		for k0 := 0; k0 < p.k; k0 += kc {
			w.tile.k = ks.pack.steps(min(kc, p.k-k0))
			from, b := ks.pack.steps(k0), p.packed.view(ks, k0, p.col+j)
			b.row = w.tile.k * ks.cols // the next block follows
			ks.block(w, view[T]{a.data[from*a.step:], a.row, a.step, a.part}, b, p.c[j:], p.m, min(ks.cols, p.n-j), p.ldc)
			w.tile.beta = 1
		}
	}
}

// block computes one block of C in tiles of nearly equal height, because a tile of
// few rows is bound by the latency of its multiply-adds.
func (ks *kernels[T]) block(w *workspace[T], a, b view[T], c []T, m, n, ldc int) {
	t := &w.tile
	t.bPanel, t.aPart, t.bPart = b.row*sizeOf[T](), a.part*sizeOf[T](), b.part*sizeOf[T]()
	t.aRow, t.aStep, t.bStep = a.row*sizeOf[T](), a.step*sizeOf[T](), b.step*sizeOf[T]()
	if ks.strip != nil {
		ks.strip(w, a, b, c, m, n, ldc)
		return
	}
	tiles := (m + ks.rows - 1) / ks.rows
	for j := 0; j < n; j += ks.cols {
		t.cols = min(ks.cols, n-j)
		t.b = &b.data[j/ks.cols*b.row]
		for i, left := 0, tiles; left > 0; left-- {
			t.rows = (m - i + left - 1) / left
			t.a, t.c = &a.data[i*a.row], &c[i*ldc+j]
			t.prefetch(ks.cols*sizeOf[T](), w.cold, left == tiles, left)
			ks.tile(t)
			i += t.rows
		}
		w.cold = false
	}
}

// prefetch sets what a tile prefetches, of a panel of B whose rows have so many bytes. First is set for the
// first tile of a panel, left is how many tiles are left with this one.
//
// The first tile of a panel prefetches the panel itself, if the panel is cold: no tile before did so. The
// last two tiles of a panel prefetch a half of the next one each, so that memory is read all the time.
func (t *tile[T]) prefetch(line int, cold, first bool, left int) {
	next, packed := t.bPanel, t.bStep == line
	switch {
	case first && (cold || left == 1 || !packed):
		t.ahead, t.aheadStep = prefetchSteps*t.bStep, t.bStep
	case packed && cold && left == 1:
		t.ahead, t.aheadStep = next, line
	case packed && left == 2:
		t.ahead, t.aheadStep = next, line/2
	case packed && left == 1:
		t.ahead, t.aheadStep = next+t.k*line/2, line/2
	default:
		t.ahead, t.aheadStep = 0, t.bStep // the panel is in a cache
	}
}

// even returns the size of the blocks that n is divided into: nearly equal, at most
// most, and rounded up to a multiple of unit.
func even(n, most, unit int) int {
	blocks := (n + most - 1) / most
	size := (n + blocks - 1) / blocks
	return (size + unit - 1) / unit * unit
}
