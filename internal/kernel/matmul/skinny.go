package matmul

// fewRows is the largest number of rows of C for which a transposed B is streamed
// once, in groups of 8 rows, instead of being packed. If B is not transposed, the
// tile kernel reads it in place, which is faster from three rows on.
const fewRows = 16

// longRow is the smallest k for which fewRows applies to more than two rows. In shorter
// dot products the final sums over SIMD lanes cost more than packing.
const longRow = 128

// streamCols is the number of columns of C that are computed at a time; with the 8
// rows of B they stay in the level-1 cache for all rows of C.
const streamCols = 1024

// skinny computes a product with few rows, which is bound by reading B: it reads
// each group of rows of B from memory once, for all rows of C.
func (ks *kernels[T]) skinny(w *workspace[T], p *product[T]) {
	p.scale()
	if p.transB {
		ks.skinnyDots(w, p)
		return
	}
	a, lda := ks.rowsOfA(w, p, p.alpha)
	cols := p.n
	if p.m > 1 {
		cols = streamCols
	}
	t := &w.tile
	t.bStep, t.aRow, t.cRow = p.ldb*sizeOf[T](), lda*sizeOf[T](), p.ldc*sizeOf[T]()
	t.rows, t.group = p.m, p.m
	for j := 0; j < p.n; j += cols {
		t.cols = min(cols, p.n-j)
		for k := 0; k < p.k; k += t.k {
			t.k = 8
			if p.k-k < 8 {
				t.k = p.k - k
			}
			t.a, t.b, t.c = &a[k], &p.b[k*p.ldb+j], &p.c[j]
			ks.addRows(t)
		}
	}
}

// skinnyDots computes a product with few rows and a transposed B, by dot products.
func (ks *kernels[T]) skinnyDots(w *workspace[T], p *product[T]) {
	a, lda := ks.rowsOfA(w, p, 1)
	t := &w.tile
	t.k, t.alpha, t.bStep = p.k, p.alpha, p.ldb*sizeOf[T]()
	t.aRow, t.cRow = lda*sizeOf[T](), p.ldc*sizeOf[T]()
	t.rows, t.group, t.a = p.m, p.m, &a[0]
	for j := 0; j < p.n; j += t.cols {
		t.cols = min(8, p.n-j)
		t.b, t.c = &p.b[j*p.ldb], &p.c[j]
		ks.dots(t)
	}
}

// rowsOfA returns alpha·op(A) with contiguous rows: A itself or a copy.
func (ks *kernels[T]) rowsOfA(w *workspace[T], p *product[T], alpha T) (rows []T, ld int) {
	if !p.transA && alpha == 1 {
		return p.a, p.lda
	}
	w.a = grown(w.a, p.m*p.k)
	down, right := p.lda, 1
	if p.transA {
		down, right = 1, p.lda
	}
	for i := range p.m {
		for k := range p.k {
			w.a[i*p.k+k] = alpha * p.a[i*down+k*right]
		}
	}
	return w.a, p.k
}

// panelRows is the largest number of rows of A for a panel kernel.
const panelRows = 4

// streamed computes a product with few rows and a packed B: it reads each panel of B from
// memory once.
func (ks *kernels[T]) streamed(w *workspace[T]) {
	p := &w.product
	a, lda := ks.wholeSteps(w)
	b := p.packed.view(ks, 0, p.col)
	t := &w.tile
	t.alpha, t.beta, t.k = p.alpha, p.beta, ks.pack.steps(p.k)
	t.aRow, t.cRow = lda*sizeOf[T](), p.ldc*sizeOf[T]()
	for j := 0; j < p.n; j += ks.cols {
		t.cols, t.b = min(ks.cols, p.n-j), &b.data[j/ks.cols*b.row]
		for i := 0; i < p.m; i += t.rows {
			t.rows = min(panelRows, p.m-i)
			t.a, t.c = &a[i*lda], &p.c[i*p.ldc+j]
			ks.panel(t)
		}
	}
}

// wholeSteps returns op(A) with contiguous rows, padded to whole steps of a tile: A itself
// or a copy.
func (ks *kernels[T]) wholeSteps(w *workspace[T]) (rows []T, ld int) {
	p := &w.product
	ld = 2 * ks.pack.steps(p.k)
	if !p.transA && p.k == ld {
		return p.a, p.lda
	}
	w.a = grown(w.a, p.m*ld)
	down, right := p.lda, 1
	if p.transA {
		down, right = 1, p.lda
	}
	for i := range p.m {
		for k := range p.k {
			w.a[i*ld+k] = p.a[i*down+k*right]
		}
		clear(w.a[i*ld+p.k : (i+1)*ld])
	}
	return w.a, ld
}
