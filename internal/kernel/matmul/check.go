package matmul

import (
	"fmt"
	"math"
	"unsafe"

	"euryale/internal/kernel"
)

// fail panics with a *kernel.Error.
func fail(op, format string, args ...any) {
	panic(&kernel.Error{Op: op, Msg: fmt.Sprintf(format, args...)})
}

// operand describes a stored matrix, or a batch of them, for check.
type operand struct {
	name              string
	rows, cols        int
	ld, stride, count int
	first             uintptr // address of the first element
	len               int     // elements of the slice
	size              uintptr // bytes of an element
}

// span returns the number of elements from the first of the batch to its last.
func (o *operand) span() int {
	if o.rows == 0 || o.cols == 0 || o.count == 0 {
		return 0
	}
	return (o.count-1)*o.stride + (o.rows-1)*o.ld + o.cols
}

// width returns the number of columns that the batch covers in each row if its
// matrices are side by side, else ld.
func (o *operand) width() int {
	if w := (o.count-1)*o.stride + o.cols; w <= o.ld {
		return w
	}
	return o.ld
}

// check panics with a *kernel.Error unless all arguments are valid, because foreign
// and assembly code does not check them.
func (p *product[T]) check(s batch) {
	const op = "matmul.Gemm"
	if p.m < 0 || p.n < 0 || p.k < 0 || s.count < 0 {
		fail(op, "negative size: m=%d n=%d k=%d count=%d", p.m, p.n, p.k, s.count)
	}
	if largest := max(p.m, p.n, p.k, p.lda, p.ldb, p.ldc); largest > math.MaxInt32 {
		fail(op, "a size or leading dimension of %d is more than 2147483647, the limit of BLAS", largest)
	}
	size := unsafe.Sizeof(p.alpha)
	a := operand{"A", p.m, p.k, p.lda, s.strideA, s.count, address(unsafe.SliceData(p.a)), len(p.a), size}
	b := operand{"B", p.k, p.n, p.ldb, s.strideB, s.count, address(unsafe.SliceData(p.b)), len(p.b), size}
	c := operand{"C", p.m, p.n, p.ldc, s.strideC, s.count, address(unsafe.SliceData(p.c)), len(p.c), size}
	if p.transA {
		a.rows, a.cols = p.k, p.m
	}
	if p.transB {
		b.rows, b.cols = p.n, p.k
	}
	a.check(op)
	b.check(op)
	c.check(op)
	one := c.span() - (s.count-1)*s.strideC // elements from the first to the last of one C
	if s.count > 1 && s.strideC < one && (s.strideC < p.n || (s.count-1)*s.strideC+p.n > p.ldc) {
		fail(op, "the %d matrices C overlap: %d×%d with leading dimension %d, %d apart", s.count, p.m, p.n, p.ldc, s.strideC)
	}
	for _, in := range []*operand{&a, &b} {
		if in.overlaps(&c) {
			fail(op, "C shares elements with %s: use a separate buffer for the result", in.name)
		}
	}
}

func (o *operand) check(op string) {
	if o.ld < max(1, o.cols) {
		fail(op, "leading dimension of %s is %d, but its rows have %d elements", o.name, o.ld, o.cols)
	}
	if o.stride < 0 {
		fail(op, "stride of %s is %d, must not be negative", o.name, o.stride)
	}
	if o.rows*o.cols > 0 && o.count > 1 && o.stride > o.len/(o.count-1) { // before span can overflow
		fail(op, "stride of %s is %d, too large for %d matrices in %d elements", o.name, o.stride, o.count, o.len)
	}
	if o.len < o.span() {
		fail(op, "%s has %d elements, %d×%d with leading dimension %d (count %d, stride %d) needs %d",
			o.name, o.len, o.rows, o.cols, o.ld, o.count, o.stride, o.span())
	}
}

// overlaps reports whether the two operands share an element. Disjoint column
// ranges of one buffer (the parts of a fused projection) do not.
func (o *operand) overlaps(c *operand) bool {
	if o.span() == 0 || c.span() == 0 {
		return false
	}
	endO, endC := o.first+uintptr(o.span())*o.size, c.first+uintptr(c.span())*c.size
	if endO <= c.first || endC <= o.first {
		return false
	}
	if o.ld != c.ld {
		return true
	}
	ld := c.ld
	offset := int(c.first-o.first) / int(o.size) // negative if C starts first
	column := ((offset % ld) + ld) % ld          // where C's rows start in O's
	return column < o.width() || column+c.width() > ld
}

// address returns p as an integer.
func address[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }
