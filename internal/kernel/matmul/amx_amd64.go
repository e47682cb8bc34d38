package matmul

import "golang.org/x/sys/cpu"

// tiles1, tiles2 and tiles3 compute C = A·B or C += A·B on the tile unit, for 32 rows
// and t.panels panels of 32 columns, with operands of one, two or three parts.
//
//go:noescape
func tiles1(t *tile[float32])

//go:noescape
func tiles2(t *tile[float32])

//go:noescape
func tiles3(t *tile[float32])

//go:noescape
func bMergeAVX512(t *tile[float32])

// stateComponents returns XCR0, the register sets that the system saves.
func stateComponents() uint32

// hasTiles reports whether the processor has a tile unit for bfloat16 (AMX) that the system
// lets this process use. Tests clear it to test the other kernels.
var hasTiles = detectTiles(cpu.X86.HasAMXTile && cpu.X86.HasAMXBF16, stateComponents, requestTiles)

// detectTiles checks the processor, then the state that the system saves, and only then
// requests the permission, because that enlarges the frame of every signal.
func detectTiles(processor bool, saved func() uint32, request func() bool) bool {
	const tiles = 1<<17 | 1<<18 // configuration and data
	return processor && hasAVX512 && hasBF16 && saved()&tiles == tiles && request()
}

// amxKernels returns the kernels of the tile unit for operands of so many bfloat16 parts.
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

// stripCache is the number of bytes of B that all strips read before the next columns: they
// stay in the level-2 cache, which has 2 MiB on processors with a tile unit, together with A
// and C.
const stripCache = 768 << 10

// strips returns a function that computes a block of C in strips of 32 rows.
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

// side is the side of the square of sums in the registers of the tile unit.
const side = 32

// strip computes the first rows and columns of C from 32 rows of A. If alpha is 1 and beta 0 or 1,
// the kernel continues the sums in C: in place if the square is whole, else in a buffer, so that the
// bits do not depend on how C is split. Otherwise squares are computed in a buffer and merged into C.
func strip(kernel func(*tile[float32]), w *workspace[float32], a []float32, b view[float32], c []float32, rows, cols int) {
	t := &w.tile
	steps, cRow, whole := t.k, t.cRow, 0
	t.k = steps / 16
	continues := t.alpha == 1 && (t.beta == 0 || t.beta == 1)
	if rows == side && cols >= side && continues {
		whole = cols / side
		t.a, t.b, t.c = &a[0], &b.data[0], &c[0]
		t.panels, t.add = whole, int(t.beta)
		kernel(t)
	}
	for j := whole * side; j < cols; j += side {
		t.a, t.b, t.c, t.cRow = &a[0], &b.data[j/side*b.row], &w.s[0], side*4
		t.panels, t.add = 1, 0
		if continues {
			t.add = int(t.beta)
			for i := range rows * t.add {
				copy(w.s[i*side:(i+1)*side], c[i*cRow/4+j:i*cRow/4+min(cols, j+side)])
			}
			kernel(t)
			for i := range rows {
				copy(c[i*cRow/4+j:i*cRow/4+min(cols, j+side)], w.s[i*side:(i+1)*side])
			}
			t.cRow = cRow
			continue
		}
		kernel(t)
		t.a, t.c, t.cRow = &w.s[0], &c[j], cRow
		t.rows, t.cols = rows, min(side, cols-j)
		bMergeAVX512(t)
	}
	t.k = steps
}
