package vec

import (
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// atPageEnd returns n numbers that end at the end of a mapped page; an access to the next byte is a fault, which aborts
// the test.
func atPageEnd(t *testing.T, n int) []float32 {
	t.Helper()
	page := syscall.Getpagesize()
	size := (4*n + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Munmap(m)) })
	require.NoError(t, syscall.Mprotect(m[size:], syscall.PROT_NONE))
	return unsafe.Slice((*float32)(unsafe.Pointer(&m[size-4*n])), n)
}

// No kernel reads or writes beyond its slices, for any length.
func TestNothingBehindSlicesIsTouched(t *testing.T) {
	const most = 40
	var pages [5][]float32
	for i := range pages {
		pages[i] = atPageEnd(t, 4*most)
	}
	x, y, z, w, v := pages[0], pages[1], pages[2], pages[3], pages[4]
	last := func(x []float32, n int) []float32 { return x[len(x)-n:] }
	eachTier(t, func(t *testing.T) {
		for n := 1; n <= most; n++ {
			touchMaps(last(x, n), last(y, n), last(z, n))
			a, b, c, d, e := last(x, n), last(y, n), last(z, n), last(w, n), last(v, n)
			ColumnSums(a, last(y, 3*n), 3, n, n)
			BiasGELU(last(x, 2*n), last(y, 2*n), 2, n, c)
			BiasGELUSlope(last(x, 2*n), last(y, 2*n), 2, n, c)
			BiasGELUTanhSlope(last(x, 2*n), last(y, 2*n), 2, n, c)
			one := last(d, 1)
			LayerNorm(a, one, last(e, 1), b, c, c, 1, n, 1e-5)
			LayerNormGrad(a, b, c, a, d, one, last(e, 1), e, 1, n)
			RMSNorm(a, one, b, c, 1, n, 1e-5)
			RMSNormGrad(a, b, a, d, last(e, 1), e, 1, n)
			SoftmaxRows(last(x, 2*n), 2, n, n, []int{n, n / 2}, 1, last(y, 2))
			SoftmaxAgain(last(x, 2*n), 2, n, n, []int{n, n / 2}, 1, last(y, 2))
			SoftmaxGradRows(last(x, 2*n), last(z, 2*n), 2, n, n, []int{n, n / 2}, last(y, 2), 1)
			AdamW(a, b, c, d, AdamWStep{Correct1: 1, Correct2: 1})
			SwiGLUGrad(a, b, c, d, e)
			LSTMCell(last(x, 4*n), b, c, d, e, 1, n, 4*n, n, n)
			LSTMCellGrad(last(x, 4*n), b, last(y, 4*n), c, d, e, 1, n, 4*n, n, n)
			GRUCell(last(x, 3*n), last(y, 3*n), c, d, 1, n, 3*n, n)
			GRUCellGrad(last(x, 3*n), last(y, 3*n), c, last(z, 3*n), last(w, 3*n), d, e, 1, n, 3*n, n)
			Rotate(last(x, 2*n), last(y, n), last(z, n), 1, 1, 2*n, 2*n, Interleaved)
			Rotate(last(x, 2*n), last(y, n), last(z, n), 1, 1, 2*n, 2*n, HalfSplit)
		}
	})
}

// touchMaps runs the kernels that take up to three slices.
func touchMaps(a, b, c []float32) {
	for _, k := range mapCases {
		k.kernel(a, b)
	}
	Add(a, b, c)
	Scale(a, b, 2)
	Axpy(a, 2, b)
	Sum(a)
	Dot(a, b)
	LogSumExp(a)
	Max(a)
	ExpShift(a, b, 1, 2)
	Dropout(a, b, 0.5, 1, 2)
	DropoutAdd(a, b, c, 0.5, 1, 2)
	SwiGLU(a, b, c)
}
