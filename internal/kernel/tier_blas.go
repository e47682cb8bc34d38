package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Implementation is a gonum BLAS whose matrix products run on the chosen tier
// and whose other routines are gonum's own. It satisfies the BLAS interfaces
// of gorgonia.org/tensor and gorgonia.org/gorgonia.
type Implementation struct{ gonum.Implementation }

// BLAS returns the implementation to hand to tensor.Use and gorgonia.Use.
func BLAS() Implementation { return Implementation{} }

// Sgemm computes C = alpha·op(A)·op(B) + beta·C; see Gemm.
func (Implementation) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	Gemm(tA != blas.NoTrans, tB != blas.NoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// Dgemm computes C = alpha·op(A)·op(B) + beta·C; see Gemm.
func (Implementation) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	Gemm(tA != blas.NoTrans, tB != blas.NoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}
