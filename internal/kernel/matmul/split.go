package matmul

import (
	"sync"

	"euryale/internal/kernel"
	"euryale/internal/kernel/parallel"
)

// A product is split if it has at least 2·minWork multiply-adds: pieces of 2^18 take
// about 2.5 µs at 200 GFLOP/s, and starting one on a spinning worker costs 0.4 µs
// (BenchmarkEach of package parallel). A product with few rows is bound by reading B;
// minRead elements of B take about as long.
const (
	minWork = 1 << 18
	minRead = 1 << 16
)

// The smallest numbers of columns and rows of a piece for which packing pays off.
// minRows also prevents that a piece is computed as a product with few rows, which
// has another order of summation.
const (
	minCols = 64
	minRows = 48
)

// fixedPieces is the largest number of pieces on a tier whose bits depend on the split.
const fixedPieces = 16

// wholeBatch is the smallest batch that is distributed in whole products even if
// each of them is large.
const wholeBatch = 8

// job is a batch of products in pieces for parallel.Each: groups of whole products, or
// products split into down × across blocks of C. It is reused, together with its function
// value.
type job[T kernel.Float] struct {
	p            product[T]
	s            batch
	group        int // products per piece
	down, across int // blocks per product
	run          func(piece int)
}

var singleJobs, doubleJobs sync.Pool

func newJob[T kernel.Float](p *product[T], s batch) *job[T] {
	j, _ := jobPool[T]().Get().(*job[T])
	if j == nil {
		j = new(job[T])
		j.run = j.piece
	}
	j.p, j.s = *p, s
	return j
}

// release returns the job to its pool, without the matrices.
func (j *job[T]) release() {
	j.p = product[T]{}
	jobPool[T]().Put(j)
}

func jobPool[T kernel.Float]() *sync.Pool {
	if sizeOf[T]() == 4 {
		return &singleJobs
	}
	return &doubleJobs
}

// piece computes piece i.
func (j *job[T]) piece(i int) {
	blocks := j.down * j.across
	first := i / blocks * j.group
	for q := first; q < min(first+j.group, j.s.count); q++ {
		p := j.p.at(j.s, q)
		if blocks > 1 {
			p = p.part(i%blocks/j.across, j.down, i%j.across, j.across)
		}
		p.run()
	}
}

// part returns block (i, j) of C, split into down × across nearly equal blocks whose
// columns begin at multiples of align.
func (p *product[T]) part(i, down, j, across int) product[T] {
	const align = 32
	units := (p.n + align - 1) / align
	top, bottom := i*p.m/down, (i+1)*p.m/down
	left, right := j*units/across*align, min((j+1)*units/across*align, p.n)
	q := *p
	q.m, q.n = bottom-top, right-left
	if p.transA {
		q.a = p.a[top:]
	} else {
		q.a = p.a[top*p.lda:]
	}
	if p.transB {
		q.b = p.b[left*p.ldb:]
	} else {
		q.b = p.b[left:]
	}
	q.c, q.col = p.c[top*p.ldc+left:], p.col+left
	return q
}

// split computes the batch, distributed among the workers if it is large enough.
func (p *product[T]) split(s batch) {
	anySplit := active.Load().anySplit
	if anySplit && !parallel.AnyIdle() {
		for i := range s.count {
			p.at(s, i).run()
		}
		return
	}
	group, pieces := 1, 1
	if s.count < wholeBatch {
		pieces = p.pieces(anySplit)
	}
	if pieces == 1 {
		group = max(1, minWork/(p.m*p.n*p.k))
	}
	// Split columns first, because packing B costs more than packing A.
	across := max(1, min(pieces, p.n/minCols))
	down := max(1, min((pieces+across-1)/across, p.m/minRows))
	total := (s.count + group - 1) / group * across * down
	if total == 1 {
		for i := range s.count {
			p.at(s, i).run()
		}
		return
	}
	j := newJob(p, s)
	j.group, j.down, j.across = group, down, across
	parallel.Each(total, j.run)
	j.release()
}

// pieces returns the number of pieces of the product. If the split affects the bits, it
// depends only on the sizes; else there are just enough pieces to balance delays of
// workers.
func (p *product[T]) pieces(anySplit bool) int {
	n := p.m * p.n * p.k / minWork
	if p.m <= fewRows {
		n = p.n * p.k / minRead
	}
	if anySplit {
		return max(1, min(n, 2*(1+parallel.Workers())))
	}
	return max(1, min(n, fixedPieces))
}
