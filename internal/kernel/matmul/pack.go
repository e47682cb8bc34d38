package matmul

import (
	"unsafe"

	"euryale/internal/kernel"
)

// view is a block of an operand in the layout that a tile reads. For A, element
// (i, k) is data[i·row + k·step]; for B, element (k, j) of panel q, which has as
// many columns as a tile, is data[q·row + k·step + j].
type view[T kernel.Float] struct {
	data      []T
	row, step int
	part      int // distance between the parts of an element
}

func sizeOf[T kernel.Float]() int {
	var x T
	return int(unsafe.Sizeof(x))
}

// grown returns s, or a new slice, with at least n elements of any value.
func grown[T kernel.Float](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:cap(s)]
}

// packing packs blocks of the operands of w.product for a tile.
type packing[T kernel.Float] interface {
	// a returns the block of op(A) of m rows from i0 on and k columns from k0 on.
	a(ks *kernels[T], w *workspace[T], i0, m, k0, k int) view[T]
	// panels writes the block of op(B) of k rows from k0 on and n columns from j0 on to
	// dst, in panels as wide as a tile.
	panels(ks *kernels[T], w *workspace[T], dst []T, k0, k, j0, n int)
	// inPlace reports whether a tile can read B unpacked.
	inPlace() bool
	// steps returns the number of steps of a tile for a depth of k.
	steps(k int) int
	// parts returns the number of parts of each number.
	parts() int
	// factors returns the number of rows of a panel after its steps.
	factors() int
}

// plain packs numbers without conversion.
type plain[T kernel.Float] struct{}

func (plain[T]) steps(k int) int { return k }

func (plain[T]) parts() int { return 1 }

func (plain[T]) factors() int { return 0 }

func (plain[T]) inPlace() bool { return true }

// a returns a block of op(A). A small one is read in place; others are copied to
// contiguous rows that do not fall into the same cache sets.
func (plain[T]) a(ks *kernels[T], w *workspace[T], i0, m, k0, k int) view[T] {
	p := &w.product
	rows, cols, first := m, k, i0*p.lda+k0
	if p.transA {
		rows, cols, first = k, m, k0*p.lda+i0
	}
	src, ld := p.a[first:], p.lda
	if p.n > inPlaceA*ks.cols {
		pad := 64 / sizeOf[T]()
		ld = cols + pad
		w.a = grown(w.a, rows*ld)
		for i := range rows {
			copy(w.a[i*ld:i*ld+cols], src[i*p.lda:])
		}
		src = w.a
	}
	if p.transA {
		return view[T]{src, 1, ld, 0}
	}
	return view[T]{src, ld, 1, 0}
}

// inPlaceA is the number of column tiles up to which A is not copied.
const inPlaceA = 4

// inPlaceB is the number of row tiles up to which B is not copied, if it has at
// most inPlaceSize elements and so may be in a cache: from memory, reading strips
// as wide as a tile is slower than reading whole rows.
const (
	inPlaceB    = 2
	inPlaceSize = 1 << 22
)

// operandB returns a block of op(B): already packed, in place, or packed now in panels
// as wide as a tile.
func (ks *kernels[T]) operandB(w *workspace[T], k0, k, j0, n int) view[T] {
	p := &w.product
	if p.packed != nil {
		return p.packed.view(ks, k0, p.col+j0)
	}
	if ks.pack.inPlace() && !p.transB && p.m <= inPlaceB*ks.rows && p.k*p.n <= inPlaceSize {
		return view[T]{p.b[k0*p.ldb+j0:], ks.cols, p.ldb, 0}
	}
	w.b = grown(w.b, (n+ks.cols-1)/ks.cols*ks.panelSize(k))
	ks.pack.panels(ks, w, w.b, k0, k, j0, n)
	return ks.panelView(w.b, k)
}

// panelSize returns the number of elements of a panel of depth k with all its parts.
func (ks *kernels[T]) panelSize(k int) int {
	return (ks.pack.parts()*ks.pack.steps(k) + ks.pack.factors()) * ks.cols
}

// small reports whether a packed operand has fewer bytes than B.
func (ks *kernels[T]) small() bool { return !ks.pack.inPlace() && ks.pack.parts() == 1 }

// panelView returns the view of panels of depth k.
func (ks *kernels[T]) panelView(data []T, k int) view[T] {
	return view[T]{data, ks.panelSize(k), ks.cols, ks.pack.steps(k) * ks.cols}
}

func (plain[T]) panels(ks *kernels[T], w *workspace[T], dst []T, k0, k, j0, n int) {
	p := &w.product
	if !p.transB {
		ks.panels(dst, p.b[k0*p.ldb+j0:], p.ldb, k, n)
		return
	}
	src := p.b[j0*p.ldb+k0:]
	for j := 0; j < n; j += ks.cols {
		ks.transpose(dst[j*k:], ks.cols, src[j*p.ldb:], p.ldb, min(ks.cols, n-j), k)
	}
}

// panels copies k rows of n columns to panels, 8 rows at a time. It reads 8
// sequential streams; copying panel by panel would access a new page for each row.
func (ks *kernels[T]) panels(dst, src []T, ld, k, n int) {
	panel, whole := k*ks.cols, n/ks.cols
	i := 0
	for ; whole > 0 && i+8 <= k; i += 8 {
		ks.copyPanels(dst[i*ks.cols:], panel, src[i*ld:], ld, whole, ks.cols)
	}
	for q := range whole {
		for l := i; l < k; l++ {
			copy(dst[q*panel+l*ks.cols:][:ks.cols], src[l*ld+q*ks.cols:])
		}
	}
	if j := whole * ks.cols; j < n {
		for l := range k {
			copy(dst[whole*panel+l*ks.cols:][:n-j], src[l*ld+j:])
		}
	}
}

// transposeLoop stores dst[j·dstStep+i] = src[i·srcStep+j].
func transposeLoop[T kernel.Float](dst []T, dstStep int, src []T, srcStep, rows, cols int) {
	for i := range rows {
		for j, x := range src[i*srcStep : i*srcStep+cols] {
			dst[j*dstStep+i] = x
		}
	}
}
