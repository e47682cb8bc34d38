package matmul

import (
	"sync/atomic"

	"euryale/internal/kernel"
	"euryale/internal/kernel/parallel"
)

// Packed is the right operand of many products, op(B), laid out once as the tiles of
// the tier and the precision in use read it. The zero value holds nothing. Products
// may share a Packed; to pack it again, none that reads it may be under way.
type Packed[T kernel.Float] struct {
	data   []T
	k, n   int
	layout atomic.Pointer[kernels[T]] // that read data; nil: nothing is packed
}

// Pack lays op(B) out, k×n, whose rows are ldb apart as stored. On a tier without a
// layout of its own it does nothing, and products read B.
func (b *Packed[T]) Pack(trans bool, k, n int, src []T, ldb int) {
	p := product[T]{transB: trans, n: n, k: k, b: src, lda: k, ldb: ldb, ldc: n}
	p.check(batch{count: 1})
	ks := layoutOf[T]()
	b.layout.Store(nil)
	if ks == nil || k == 0 || n == 0 || ks.longest > 0 && k > ks.longest {
		return
	}
	panels, panel := (n+ks.cols-1)/ks.cols, ks.panelSize(k)
	b.data = grown(b.data, panels*panel)
	b.k, b.n = k, n
	group := max(1, min(minRead/panel, blockCols/ks.cols))
	parallel.Each((panels+group-1)/group, func(i int) {
		w := ks.workspace()
		w.product = p
		j := i * group * ks.cols
		ks.pack.panels(ks, w, b.data[i*group*panel:], 0, k, j, min(group*ks.cols, n-j))
		ks.done(w)
	})
	b.layout.Store(ks)
}

// Release forgets what is packed, and keeps the memory.
func (b *Packed[T]) Release() { b.layout.Store(nil) }

// Ready tells whether products read what is packed.
func (b *Packed[T]) Ready() bool {
	ks := b.layout.Load()
	return ks != nil && ks == layoutOf[T]()
}

// GemmPacked computes C = alpha·op(A)·op(B) + beta·C as Gemm does, where packed holds
// op(B). It is read if the tier and the precision in use are those that it was packed
// for, and B itself if they are not, or packed is nil or empty.
func GemmPacked[T kernel.Float](packed *Packed[T], transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	p := product[T]{transA: transA, transB: transB, m: m, n: n, k: k, alpha: alpha, beta: beta, a: a, b: b, c: c, lda: lda, ldb: ldb, ldc: ldc}
	if packed != nil && packed.Ready() && packed.k == k && packed.n == n {
		p.packed = packed
	}
	p.compute(batch{count: 1})
}

// view is the packed operand from depth k0 and column j on.
func (b *Packed[T]) view(ks *kernels[T], k0, j int) view[T] {
	return ks.panelView(b.data[j/ks.cols*ks.panelSize(b.k)+ks.pack.steps(k0)*ks.cols:], b.k)
}

// layoutOf are the kernels of products with a packed operand, or nil on a tier of other
// makers.
func layoutOf[T kernel.Float]() *kernels[T] {
	t := active.Load()
	var ks any = t.double
	if sizeOf[T]() == 4 {
		ks = t.packed()
	}
	return ks.(*kernels[T])
}

// Gain is how much products of float32 gain, on the tier and at the precision in use, by
// an operand that is packed before.
type Gain int

// The gains.
const (
	None  Gain = iota // there is no layout
	Often             // if the same operand is read again and again: it costs more memory than B
	Once              // always, for the layout has fewer bytes than B
)

// PackingGain is what packing gains products of so many rows.
func PackingGain(rows int) Gain {
	ks := layoutOf[float32]()
	switch {
	case ks == nil || rows < 1:
		return None
	case ks.small():
		return Once
	case rows > 2:
		return Often
	}
	return None
}
