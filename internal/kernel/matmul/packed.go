package matmul

import (
	"sync/atomic"

	"euryale/internal/kernel"
	"euryale/internal/kernel/hugepage"
	"euryale/internal/kernel/parallel"
)

// Packed is the right operand op(B) of many products, packed for the current tier and
// precision. The zero value is empty. Concurrent products may share a Packed, but Pack
// must not run concurrently with products that read it.
type Packed[T kernel.Float] struct {
	data   []T
	k, n   int
	layout atomic.Pointer[kernels[T]] // kernels that data was packed for; nil: empty
}

// Pack packs op(B), k×n, whose rows are ldb apart as stored. On a tier without packing it
// does nothing, and products read B.
//
// Done, if it is not nil, says that b replaces B for good: Pack calls it with each part of src that
// it has packed and does not read again, also concurrently, and asks for large pages. These made
// decoding faster by 3 to 10 %, but training steps, which pack each weight again, slower by 10 %.
func (b *Packed[T]) Pack(trans bool, k, n int, src []T, ldb int, done func(part []T)) {
	p := product[T]{transB: trans, n: n, k: k, b: src, lda: k, ldb: ldb, ldc: n}
	p.check(batch{count: 1})
	ks := layoutOf[T]()
	b.layout.Store(nil)
	if ks == nil || k == 0 || n == 0 || ks.longest > 0 && k > ks.longest {
		return
	}
	panels, panel := (n+ks.cols-1)/ks.cols, ks.panelSize(k)
	if cap(b.data) < panels*panel {
		b.data = make([]T, panels*panel)
		if done != nil {
			hugepage.Advise(b.data)
		}
	}
	b.data = b.data[:cap(b.data)]
	b.k, b.n = k, n
	group := max(1, min(minRead/panel, blockCols/ks.cols))
	parallel.Each((panels+group-1)/group, func(i int) {
		w := ks.workspace()
		w.product = p
		j := i * group * ks.cols
		cols := min(group*ks.cols, n-j)
		ks.pack.panels(ks, w, b.data[i*group*panel:], 0, k, j, cols)
		ks.done(w)
		if trans && done != nil {
			done(src[j*ldb : (j+cols-1)*ldb+k])
		}
	})
	if !trans && done != nil {
		done(src)
	}
	b.layout.Store(ks)
}

// Release empties b, but keeps its memory.
func (b *Packed[T]) Release() { b.layout.Store(nil) }

// Ready reports whether products read the packed operand.
func (b *Packed[T]) Ready() bool {
	ks := b.layout.Load()
	return ks != nil && ks == layoutOf[T]()
}

// GemmPacked computes C = alpha·op(A)·op(B) + beta·C as Gemm does, with op(B) also in
// packed. It reads packed if that was packed for the current tier and precision, and B if
// not, or if packed is nil or empty.
func GemmPacked[T kernel.Float](packed *Packed[T], transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	p := product[T]{transA: transA, transB: transB, m: m, n: n, k: k, alpha: alpha, beta: beta, a: a, b: b, c: c, lda: lda, ldb: ldb, ldc: ldc}
	if packed != nil && packed.Ready() && packed.k == k && packed.n == n {
		p.packed = packed
	}
	p.compute(batch{count: 1})
}

// view returns the packed operand from row k0 and column j on.
func (b *Packed[T]) view(ks *kernels[T], k0, j int) view[T] {
	return ks.panelView(b.data[j/ks.cols*ks.panelSize(b.k)+ks.pack.steps(k0)*ks.cols:], b.k)
}

// layoutOf returns the kernels of products with a packed operand, or nil on the OpenBLAS and
// gonum tiers.
func layoutOf[T kernel.Float]() *kernels[T] {
	t := active.Load()
	var ks any = t.double
	if sizeOf[T]() == 4 {
		ks = t.packed()
	}
	return ks.(*kernels[T])
}

// Gain says when packing the right operand makes float32 products faster, on the current tier
// and at the current precision.
type Gain int

const (
	None     Gain = iota // never
	IfReused             // if many products read the operand: packed it takes more memory than B
	Always               // always: packed it takes less memory than B
)

// PackingGain returns the gain for products of so many rows.
func PackingGain(rows int) Gain {
	ks := layoutOf[float32]()
	switch {
	case ks == nil || rows < 1:
		return None
	case ks.small():
		return Always
	}
	return IfReused
}
