package matmul

import (
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"euryale/internal/kernel"
	"euryale/internal/kernel/openblas"
)

// openblasTier opens the library at its first call, and returns the same result
// in all later calls.
var openblasTier = sync.OnceValues(func() (*tier, error) {
	lib, err := openblas.Open()
	if err != nil {
		return nil, err
	}
	l := library{lib}
	return &tier{info: l.info(), sgemm: l.single, dgemm: l.double}, nil
})

// library computes products with OpenBLAS.
type library struct{ *openblas.Library }

// info describes the library and its kernels, with a hint if the processor supports
// faster ones.
func (l library) info() Info {
	i := Info{Name: "openblas", Detail: l.Name + ", one thread per call"}
	if l.Core == "" {
		return i
	}
	i.Detail = l.Name + ", " + l.Core + " kernels, one thread per call"
	wide := slices.Contains([]string{"SkylakeX", "Cooperlake", "Sapphirerapids", "SapphireRapids"}, l.Core)
	if hasAVX512 && !wide {
		i.Hint = "OpenBLAS does not use this processor's AVX-512: unset OPENBLAS_CORETYPE if it is set, or use the builtin tier"
	}
	return i
}

// arguments holds the scalars of a call. It is on the heap, because foreign code has
// its address, and is reused.
type arguments[T kernel.Float] struct {
	transA, transB byte
	m, n, k        int32
	lda, ldb, ldc  int32
	alpha, beta    T
	list           [15]uintptr // arguments of the call
}

var (
	singleBlocks = sync.Pool{New: func() any { return new(arguments[float32]) }}
	doubleBlocks = sync.Pool{New: func() any { return new(arguments[float64]) }}
)

func (l library) single(p product[float32]) {
	block := singleBlocks.Get().(*arguments[float32])
	callProduct(l.Sgemm, l.Sgemv, block, &p)
	singleBlocks.Put(block)
}

func (l library) double(p product[float64]) {
	block := doubleBlocks.Get().(*arguments[float64])
	callProduct(l.Dgemm, l.Dgemv, block, &p)
	doubleBlocks.Put(block)
}

// callProduct computes p by gemm, or by gemv if C has one row, for which gemm
// would pack all of B. The matrices are on the heap, which does not move, because
// p was passed through a function value.
func callProduct[T kernel.Float](gemm, gemv uintptr, g *arguments[T], p *product[T]) {
	if p.m == 1 {
		p.scale()
		p.beta = 1
	}
	g.transA, g.transB = letter(p.transA), letter(p.transB)
	g.m, g.n, g.k = int32(p.m), int32(p.n), int32(p.k)
	g.lda, g.ldb, g.ldc = int32(p.lda), int32(p.ldb), int32(p.ldc)
	g.alpha, g.beta = p.alpha, p.beta
	if p.m == 1 {
		openblas.Call(gemv, g.vectorCall(p))
	} else {
		openblas.Call(gemm, g.matrixCall(p))
	}
	runtime.KeepAlive(g)
	runtime.KeepAlive(p)
}

// matrixCall returns the arguments of gemm: the row-major product is the
// column-major Cᵀ = op(B)ᵀ·op(A)ᵀ.
func (g *arguments[T]) matrixCall(p *product[T]) []uintptr {
	g.list = [15]uintptr{
		address(&g.transB), address(&g.transA), address(&g.n), address(&g.m), address(&g.k),
		address(&g.alpha), address(unsafe.SliceData(p.b)), address(&g.ldb),
		address(unsafe.SliceData(p.a)), address(&g.lda),
		address(&g.beta), address(unsafe.SliceData(p.c)), address(&g.ldc),
		1, 1, // hidden lengths of the two strings
	}
	return g.list[:]
}

// vectorCall returns the arguments of gemv for a product with one row. In
// column-major order B is stored transposed.
func (g *arguments[T]) vectorCall(p *product[T]) []uintptr {
	g.m, g.ldc = 1, 1 // the increments of x and y
	if p.transA {
		g.m = g.lda
	}
	rows, cols := &g.n, &g.k
	if p.transB {
		rows, cols = cols, rows
	}
	g.list = [15]uintptr{
		address(&g.transB), address(rows), address(cols),
		address(&g.alpha), address(unsafe.SliceData(p.b)), address(&g.ldb),
		address(unsafe.SliceData(p.a)), address(&g.m),
		address(&g.beta), address(unsafe.SliceData(p.c)), address(&g.ldc),
		1, // hidden length of the string
	}
	return g.list[:12]
}

func letter(transposed bool) byte {
	if transposed {
		return 'T'
	}
	return 'N'
}
