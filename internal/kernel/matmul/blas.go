package matmul

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"euryale/internal/kernel"
)

// Implementation is a gonum BLAS whose matrix products run on the current tier;
// its other routines are gonum's. It implements the BLAS interfaces of
// gorgonia.org/tensor and gorgonia.org/gorgonia.
type Implementation struct{ gonum.Implementation }

var _ interface {
	blas.Float32
	blas.Float64
	blas.Complex64
	blas.Complex128
} = Implementation{}

// BLAS returns an implementation for tensor.Use and gorgonia.Use.
func BLAS() Implementation { return Implementation{} }

// Sgemm computes C = alpha·op(A)·op(B) + beta·C; see Gemm.
func (Implementation) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	Gemm(tA != blas.NoTrans, tB != blas.NoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// Dgemm computes C = alpha·op(A)·op(B) + beta·C; see Gemm.
func (Implementation) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	Gemm(tA != blas.NoTrans, tB != blas.NoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// Sgemv computes y = alpha·op(A)·x + beta·y.
func (b Implementation) Sgemv(tA blas.Transpose, m, n int, alpha float32, a []float32, lda int, x []float32, incX int, beta float32, y []float32, incY int) {
	if incX != 1 || incY != 1 {
		b.Implementation.Sgemv(tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
		return
	}
	gemv(tA != blas.NoTrans, m, n, alpha, a, lda, x, beta, y)
}

// Dgemv computes y = alpha·op(A)·x + beta·y.
func (b Implementation) Dgemv(tA blas.Transpose, m, n int, alpha float64, a []float64, lda int, x []float64, incX int, beta float64, y []float64, incY int) {
	if incX != 1 || incY != 1 {
		b.Implementation.Dgemv(tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
		return
	}
	gemv(tA != blas.NoTrans, m, n, alpha, a, lda, x, beta, y)
}

// gemv computes y = alpha·op(A)·x + beta·y as the product of the row x with the
// transpose of the m×n matrix op(A).
func gemv[T kernel.Float](trans bool, m, n int, alpha T, a []T, lda int, x []T, beta T, y []T) {
	if trans {
		m, n = n, m
	}
	Gemm(false, !trans, 1, m, n, alpha, x, max(1, n), a, lda, beta, y, max(1, m))
}
