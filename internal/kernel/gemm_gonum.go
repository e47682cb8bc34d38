package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// gonumTier computes with gonum's pure Go, on any platform.
func gonumTier() *tier {
	return &tier{
		info:  Info{Name: "gonum", Detail: "pure Go"},
		sgemm: gonumSgemm,
		dgemm: gonumDgemm,
	}
}

func gonumSgemm(p product[float32]) {
	gonum.Implementation{}.Sgemm(transpose(p.transA), transpose(p.transB), p.m, p.n, p.k,
		p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc)
}

func gonumDgemm(p product[float64]) {
	gonum.Implementation{}.Dgemm(transpose(p.transA), transpose(p.transB), p.m, p.n, p.k,
		p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc)
}

func transpose(t bool) blas.Transpose {
	if t {
		return blas.Trans
	}
	return blas.NoTrans
}
