//go:build darwin || (linux && (amd64 || arm64))

package kernel

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is an opened BLAS. Its Fortran entry points take every argument by
// address, so that a call needs no floating-point registers, which purego
// would fill through reflection, many times slower.
type library struct {
	name         string
	sgemm, dgemm uintptr
	sgemv, dgemv uintptr
	core         string // the CPU the kernels were made for, "" if it does not say
}

// arguments is the block a call's scalars are passed in; it lives on the heap
// because the foreign code holds its address, and is used again.
type arguments[T Float] struct {
	transA, transB byte
	m, n, k        int32
	lda, ldb, ldc  int32
	alpha, beta    T
	list           [15]uintptr // the call's arguments
}

var (
	singleBlocks = sync.Pool{New: func() any { return new(arguments[float32]) }}
	doubleBlocks = sync.Pool{New: func() any { return new(arguments[float64]) }}
)

// oneThread are the variables that keep BLAS libraries from starting threads:
// the workers of this package share the work, and OpenBLAS's own would go on
// spinning beside them even after openblas_set_num_threads(1).
var oneThread = []string{"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"}

// loadOpenBLAS opens the first of the names that is a BLAS.
func loadOpenBLAS(names []string) (*tier, error) {
	for _, key := range oneThread {
		setC(key, "1")
	}
	var reasons []string
	for _, name := range names {
		lib, err := openLibrary(name)
		if err == nil {
			return &tier{info: lib.info(), sgemm: lib.single, dgemm: lib.double}, nil
		}
		reasons = append(reasons, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return nil, fmt.Errorf("no OpenBLAS found (%s); %s, or use auto", strings.Join(reasons, "; "), installHint)
}

func openLibrary(name string) (*library, error) {
	handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	return bindLibrary(name, handle)
}

// info names the library and the kernels it chose, with a hint if those are
// not the processor's best.
func (l *library) info() Info {
	i := Info{Name: "openblas", Detail: l.name + ", one thread per call"}
	if l.core == "" {
		return i
	}
	i.Detail = l.name + ", " + l.core + " kernels, one thread per call"
	wide := slices.Contains([]string{"SkylakeX", "Cooperlake", "Sapphirerapids", "SapphireRapids"}, l.core)
	if hasAVX512 && !wide {
		i.Hint = "OpenBLAS does not use this processor's AVX-512: unset OPENBLAS_CORETYPE if it is set, or use the builtin tier"
	}
	return i
}

func bindLibrary(name string, handle uintptr) (*library, error) {
	lib := &library{name: name}
	symbols := []string{"sgemm_", "dgemm_", "sgemv_", "dgemv_"}
	for i, f := range []*uintptr{&lib.sgemm, &lib.dgemm, &lib.sgemv, &lib.dgemv} {
		var err error
		if *f, err = purego.Dlsym(handle, symbols[i]); err != nil {
			return nil, fmt.Errorf("%s: no symbol %s", name, symbols[i])
		}
	}
	if f, err := purego.Dlsym(handle, "openblas_set_num_threads"); err == nil {
		purego.SyscallN(f, 1)
	}
	if f, err := purego.Dlsym(handle, "openblas_get_corename"); err == nil {
		var corename func() string
		purego.RegisterFunc(&corename, f)
		lib.core = corename()
	}
	return lib, nil
}

// setC sets a variable for C code, which does not see os.Setenv in a program
// built without cgo. It is best effort: without it the library is only slower.
func setC(key, value string) {
	name := "libc.so.6"
	if runtime.GOOS == "darwin" {
		name = "/usr/lib/libSystem.B.dylib"
	}
	handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return
	}
	var setenv func(key, value string, overwrite int32) int32
	if f, err := purego.Dlsym(handle, "setenv"); err == nil {
		purego.RegisterFunc(&setenv, f)
		setenv(key, value, 1)
	}
}

func (l *library) single(p product[float32]) {
	block := singleBlocks.Get().(*arguments[float32])
	callProduct(l.sgemm, l.sgemv, block, &p)
	singleBlocks.Put(block)
}

func (l *library) double(p product[float64]) {
	block := doubleBlocks.Get().(*arguments[float64])
	callProduct(l.dgemm, l.dgemv, block, &p)
	doubleBlocks.Put(block)
}

// callProduct computes p by gemm, or by gemv if C is one row, for which gemm
// would pack the whole of B. The matrices are on the heap, since p came here
// through a function value, and the heap does not move.
func callProduct[T Float](gemm, gemv uintptr, g *arguments[T], p *product[T]) {
	if p.m == 1 {
		p.scale()
		p.beta = 1
	}
	g.transA, g.transB = letter(p.transA), letter(p.transB)
	g.m, g.n, g.k = int32(p.m), int32(p.n), int32(p.k)
	g.lda, g.ldb, g.ldc = int32(p.lda), int32(p.ldb), int32(p.ldc)
	g.alpha, g.beta = p.alpha, p.beta
	if p.m == 1 {
		purego.SyscallN(gemv, g.vectorCall(p)...)
	} else {
		purego.SyscallN(gemm, g.matrixCall(p)...)
	}
	runtime.KeepAlive(g)
	runtime.KeepAlive(p)
}

// matrixCall lists the arguments of gemm: the row-major product is the
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

// vectorCall lists the arguments of gemv for a product with one row. To a
// column-major reader B is stored transposed.
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
