package matmul

import "golang.org/x/sys/cpu"

// tiles1 to tiles3 compute C = A·B or C += A·B on the tile unit, for 32 rows and
// t.panels panels of 32 columns, with operands of one part to three.
//
//go:noescape
func tiles1(t *tile[float32])

//go:noescape
func tiles2(t *tile[float32])

//go:noescape
func tiles3(t *tile[float32])

//go:noescape
func bMergeAVX512(t *tile[float32])

// stateComponents is XCR0: which registers the system saves.
func stateComponents() uint32

// hasTiles tells whether the processor has a tile unit for bfloat16 (AMX), and the system
// lets this process use it. Tests clear it to try the others.
var hasTiles = detectTiles(cpu.X86.HasAMXTile && cpu.X86.HasAMXBF16, stateComponents, requestTiles)

// detectTiles asks the processor, then which state the system saves, and only then for
// the permission, which makes every signal's frame larger.
func detectTiles(processor bool, saved func() uint32, request func() bool) bool {
	const tiles = 1<<17 | 1<<18 // configuration and data
	return processor && hasAVX512 && hasBF16 && saved()&tiles == tiles && request()
}

// amxKernels multiply on the tile unit numbers of so many parts.
func amxKernels(parts int) *kernels[float32] {
	ks := &kernels[float32]{operands: "bfloat16", rows: 32, cols: 32, strip: strips(tiles1), panel: bPanelAVX512, transpose: transposeBlocks, pack: splitPairs(parts, 16)}
	switch parts {
	case 2:
		ks.operands, ks.strip, ks.panel = "two bfloat16", strips(tiles2), nil
	case 3:
		ks.operands, ks.strip, ks.panel = "three bfloat16", strips(tiles3), nil
	}
	return ks
}

// stripCache is how many bytes of B strips go over one after the other: they stay in the
// level-2 cache, which has 2 MiB on processors with a tile unit, beside what A and C need.
const stripCache = 768 << 10

// strips computes blocks of C in strips of 32 rows.
func strips(kernel func(*tile[float32])) func(w *workspace[float32], a, b view[float32], c []float32, m, n, ldc int) {
	return func(w *workspace[float32], a, b view[float32], c []float32, m, n, ldc int) {
		w.s = grown(w.s, side*side)
		group := max(side, stripCache/(4*b.row/side)/side*side) // columns
		for j := 0; j < n; j += group {
			for i := 0; i < m; i += side {
				strip(kernel, w, a.data[i*a.row:], view[float32]{data: b.data[j/side*b.row:], row: b.row}, c[i*ldc+j:], min(side, m-i), min(group, n-j))
			}
		}
	}
}

// side is that of the square of sums in the tile unit's registers.
const side = 32

// strip computes the first rows and columns of C by 32 rows of A. Whole squares of C are
// loaded and stored as they lie there; at the edges, and for other factors, they pass
// through memory of our own.
func strip(kernel func(*tile[float32]), w *workspace[float32], a []float32, b view[float32], c []float32, rows, cols int) {
	t := &w.tile
	steps, cRow, whole := t.k, t.cRow, 0
	t.k = steps / 16
	if rows == side && cols >= side && t.alpha == 1 && (t.beta == 0 || t.beta == 1) {
		whole = cols / side
		t.a, t.b, t.c = &a[0], &b.data[0], &c[0]
		t.panels, t.add = whole, int(t.beta)
		kernel(t)
	}
	for j := whole * side; j < cols; j += side {
		t.a, t.b, t.c, t.cRow = &a[0], &b.data[j/side*b.row], &w.s[0], side*4
		t.panels, t.add = 1, 0
		kernel(t)
		t.a, t.c, t.cRow = &w.s[0], &c[j], cRow
		t.rows, t.cols = rows, min(side, cols-j)
		bMergeAVX512(t)
	}
	t.k = steps
}
