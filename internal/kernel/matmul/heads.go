package matmul

import "euryale/internal/kernel"

// Heads are the attention heads of one query: Count of them, side by side, of D columns each. Each Group of
// neighbours shares a head of the keys and of the values.
type Heads struct{ Count, Group, D int }

// rowsAtOnce is how many keys or values all heads read before the next ones: the kernels of few rows take so
// many at once.
const rowsAtOnce = 8

// Scores computes p[i·ldp+j] = q_i·k_j for each head i and key j, as Gemm does for one head after another, to
// the same bits, in this goroutine. All heads read a few rows of k before the next ones, so that k is read in the order of
// memory, and once. It panics as Gemm does.
func Scores[T kernel.Float](h Heads, q, k []T, ldk, keys int, p []T, ldp int) {
	a := product[T]{transB: true, m: 1, n: keys, k: h.D, alpha: 1, a: q, lda: h.D, b: k, ldb: ldk, c: p, ldc: max(1, ldp)}
	a.checkHeads(h, h.D, ldp)
	ks := rowKernels[T]()
	if ks == nil {
		eachHead(h, &a, h.D, ldp)
		return
	}
	w := ks.workspace()
	t := &w.tile
	headRows(t, h, h.D, ldp)
	t.k, t.alpha, t.bStep, t.a = h.D, 1, ldk*sizeOf[T](), &q[0]
	for i := range h.Count {
		clear(p[i*ldp:][:keys])
	}
	for j := 0; j < keys; j += rowsAtOnce {
		t.cols, t.b, t.c = min(rowsAtOnce, keys-j), &k[j*ldk], &p[j]
		ks.dots(t)
	}
	ks.done(w)
}

// Mix computes y_i = Σ_j p[i·ldp+j]·v_j for each head i, as Scores does.
func Mix[T kernel.Float](h Heads, p []T, ldp int, v []T, ldv, keys int, y []T) {
	a := product[T]{m: 1, n: h.D, k: keys, alpha: 1, a: p, lda: max(1, ldp), b: v, ldb: ldv, c: y, ldc: h.D}
	a.checkHeads(h, ldp, h.D)
	ks := rowKernels[T]()
	if ks == nil {
		eachHead(h, &a, ldp, h.D)
		return
	}
	w := ks.workspace()
	t := &w.tile
	headRows(t, h, ldp, h.D)
	t.cols, t.bStep, t.c = h.D, ldv*sizeOf[T](), &y[0]
	clear(y[:h.Count*h.D])
	for j := 0; j < keys; j += rowsAtOnce {
		t.k, t.a, t.b = min(rowsAtOnce, keys-j), &p[j], &v[j*ldv]
		ks.addRows(t)
	}
	ks.done(w)
}

// headRows makes the heads the rows of A and C of a tile, which are so many elements apart.
func headRows[T kernel.Float](t *tile[T], h Heads, a, c int) {
	t.rows, t.group, t.bGroup = h.Count, h.Group, h.D*sizeOf[T]()
	t.aRow, t.cRow = a*sizeOf[T](), c*sizeOf[T]()
}

// checkHeads checks the product of every head. The rows of A and C that belong to two heads are so many
// elements apart.
func (p *product[T]) checkHeads(h Heads, strideA, strideC int) {
	if h.Count < 1 || h.Group < 1 || h.D < 1 || h.Count%h.Group != 0 {
		fail("matmul.Heads", "%d heads of %d columns in groups of %d: want whole groups", h.Count, h.D, h.Group)
	}
	shared := *p
	shared.check(batch{h.Count / h.Group, h.Group * strideA, h.D, h.Group * strideC})
	last := *p
	last.a, last.b, last.c = p.a[(h.Count-1)*strideA:], p.b[(h.Count/h.Group-1)*h.D:], p.c[(h.Count-1)*strideC:]
	last.check(batch{count: 1})
}

// eachHead computes the product of each head by Gemm.
func eachHead[T kernel.Float](h Heads, p *product[T], strideA, strideC int) {
	for i := range h.Count {
		Gemm(p.transA, p.transB, p.m, p.n, p.k, p.alpha, p.a[i*strideA:], p.lda, p.b[i/h.Group*h.D:], p.ldb, 0, p.c[i*strideC:], p.ldc)
	}
}

// rowKernels returns the kernels of products of one row, or nil if the tier has none of its own.
func rowKernels[T kernel.Float]() *kernels[T] {
	t := active.Load()
	var ks any = t.double
	if sizeOf[T]() == 4 {
		ks = t.single
	}
	return ks.(*kernels[T])
}
