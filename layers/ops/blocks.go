package ops

import "euryale/internal/kernel/parallel"

// blockSize is how many values a block of work holds: enough for a goroutine, and few enough for a core's cache.
const blockSize = 1 << 14

// rowBlocks splits n rows of d values into blocks and runs f for each, concurrently. What f computes for a row must not
// depend on the block. Ops of each step of decoding make f once: a function literal in a kernel allocates.
func rowBlocks(n, d int, f func(from, to int)) {
	rows := max(1, blockSize/d)
	if n <= rows {
		f(0, n)
		return
	}
	parallel.Each((n+rows-1)/rows, func(i int) { f(i*rows, min(n, (i+1)*rows)) })
}

// pieces splits n values into pieces and runs f for each, concurrently.
func pieces(n int, f func(from, to int)) { rowBlocks(n, 1, f) }

// inPieces returns f applied to pieces of its slices, concurrently.
func inPieces[T Float](f func(y, x []T)) func(y, x []T) {
	var run struct{ y, x []T }
	part := func(from, to int) { f(run.y[from:to], run.x[from:to]) }
	return func(y, x []T) {
		run.y, run.x = y, x
		pieces(len(y), part)
	}
}

// pairsInPieces is inPieces of a function of two operands.
func pairsInPieces[T Float](f func(y, a, b []T)) func(y, a, b []T) {
	var run struct{ y, a, b []T }
	part := func(from, to int) { f(run.y[from:to], run.a[from:to], run.b[from:to]) }
	return func(y, a, b []T) {
		run.y, run.a, run.b = y, a, b
		pieces(len(y), part)
	}
}
