// Package matmul computes matrix products (Gemm) at a configurable precision (SetPrecision)
// on a configurable tier (Use): assembly kernels, OpenBLAS, or gonum. The right operand of
// many products can be packed once (Packed).
package matmul

import "euryale/internal/kernel"

// product is a matrix product C = alpha·op(A)·op(B) + beta·C, row-major; op(A) is
// m×k, op(B) k×n and C m×n. Tiers get only checked and non-empty products.
type product[T kernel.Float] struct {
	transA, transB bool
	m, n, k        int
	alpha, beta    T
	a, b, c        []T
	lda, ldb, ldc  int

	packed *Packed[T] // op(B), if it is packed, or nil; column 0 is column col of it
	col    int
}

// Gemm computes C = alpha·op(A)·op(B) + beta·C for row-major matrices: op(A)
// is m×k, op(B) k×n and C m×n, where op transposes if its flag is set; lda,
// ldb and ldc are the distances between the rows as stored. beta = 0
// overwrites C, even NaN; with k = 0 or alpha = 0, A and B are not read. The
// result has the same bits for any number of threads.
//
// It panics with a *kernel.Error on a negative size, a leading dimension shorter
// than a row, a slice shorter than its matrix, or a C that shares elements
// with A or B.
func Gemm[T kernel.Float](transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	GemmBatch(1, transA, transB, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0)
}

// GemmBatch computes count products of the same form as Gemm: the matrices of
// product i start at i·strideA, i·strideB and i·strideC. A stride of 0 uses
// one A or B for all; the C matrices may interleave (attention heads side by
// side in one row) but not overlap. It panics as Gemm does.
func GemmBatch[T kernel.Float](count int, transA, transB bool, m, n, k int, alpha T, a []T, lda, strideA int, b []T, ldb, strideB int, beta T, c []T, ldc, strideC int) {
	p := product[T]{transA: transA, transB: transB, m: m, n: n, k: k, alpha: alpha, beta: beta, a: a, b: b, c: c, lda: lda, ldb: ldb, ldc: ldc}
	p.compute(batch{count, strideA, strideB, strideC})
}

// compute checks and computes a batch of products.
func (p product[T]) compute(s batch) {
	p.check(s)
	if s.count == 0 || p.m == 0 || p.n == 0 {
		return
	}
	if p.k == 0 || p.alpha == 0 {
		for i := range s.count {
			q := p.at(s, i)
			q.scale()
		}
		return
	}
	p.split(s)
}

// batch is the number of products and the distances between their matrices.
type batch struct{ count, strideA, strideB, strideC int }

// at returns product i of the batch.
func (p *product[T]) at(s batch, i int) product[T] {
	q := *p
	q.a, q.b, q.c = p.a[i*s.strideA:], p.b[i*s.strideB:], p.c[i*s.strideC:]
	return q
}

// run computes the product on the current tier, in this goroutine.
func (p product[T]) run() {
	if p.packed != nil {
		p.packed.layout.Load().product(p)
		return
	}
	t := active.Load()
	switch q := any(&p).(type) {
	case *product[float32]:
		if ks := t.reduced(); ks != nil && q.m > fewRows {
			ks.product(*q)
			return
		}
		t.sgemm(*q)
	case *product[float64]:
		t.dgemm(*q)
	}
}

// scale computes C = beta·C, the result of a product with k = 0 or alpha = 0.
func (p *product[T]) scale() {
	for i := range p.m {
		row := p.c[i*p.ldc : i*p.ldc+p.n]
		switch p.beta {
		case 0:
			clear(row)
			continue
		case 1:
			return
		}
		for j := range row {
			row[j] *= p.beta
		}
	}
}
