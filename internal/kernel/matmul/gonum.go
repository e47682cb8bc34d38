package matmul

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"euryale/internal/kernel/openblas"
)

// gonumTier returns the tier of gonum's pure Go routines, which runs on any platform.
func gonumTier() *tier {
	return &tier{
		info:  Info{Name: "gonum", Detail: "pure Go", Hint: gonumHint()},
		sgemm: gonumSgemm,
		dgemm: gonumDgemm,
	}
}

// gonumHint returns a hint about a faster tier than gonum.
func gonumHint() string {
	if builtinTier() != nil {
		return "the builtin tier is faster on this processor"
	}
	return "OpenBLAS would be faster: " + openblas.InstallHint
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
