package vec

import (
	"fmt"
	"math"
	"unsafe"

	"euryale/internal/kernel"
)

// Softmax replaces x by softmax(scale·x) and returns logsumexp(scale·x). Entries of −Inf become exactly 0; if all
// entries are −Inf, all become 0 and the result is −Inf, as for an empty x. If a product is NaN or +Inf, all entries and
// the result are NaN. In float32 the relative error of an entry is at most 5e-7 + 6e-8·|scale·x − max|, where the second
// term is the rounding of the difference; denormal entries become 0; the error of the logsumexp is at most 1e-6 of
// max(1, |value|).
func Softmax[T kernel.Float](x []T, scale T) (lse T) {
	if !fast[T]() {
		return softmaxRow(x, scale)
	}
	var out [1]T
	SoftmaxRows(x, 1, len(x), len(x), nil, scale, out[:])
	return out[0]
}

// SoftmaxRows applies Softmax to each row of x (rows×cols at stride ld): row r uses its first n[r]
// entries (n nil: all cols), and the rest up to cols becomes exactly 0. lse receives one element per
// row and may be nil.
func SoftmaxRows[T kernel.Float](x []T, rows, cols, ld int, n []int, scale T, lse []T) {
	checkRows("SoftmaxRows", len(x), rows, cols, ld, n)
	if lse != nil {
		needs("SoftmaxRows", rows, "lse", len(lse))
	}
	if fast[T]() {
		softmaxBlocks(x, rows, cols, ld, n, scale, lse)
		return
	}
	for r := range rows {
		row, used := rowOf(x, r, cols, ld), used(n, r, cols)
		l := softmaxRow(row[:used], scale)
		clear(row[used:])
		if lse != nil {
			lse[r] = l
		}
	}
}

// SoftmaxAgain recomputes the result of SoftmaxRows from its lse (one per row): x = exp(scale·x − lse),
// in place, with the same conventions and an error of at most 2e-6 in float32. An lse must not be below
// the largest scale·x of its row by more than 88.
func SoftmaxAgain[T kernel.Float](x []T, rows, cols, ld int, n []int, scale T, lse []T) {
	checkRows("SoftmaxAgain", len(x), rows, cols, ld, n)
	needs("SoftmaxAgain", rows, "lse", len(lse))
	if fast[T]() {
		vecSoftmaxAgain(start(x), rows, cols, ld, unsafe.SliceData(n), float32(scale), start(lse))
		return
	}
	for r := range rows {
		row, used := rowOf(x, r, cols, ld), used(n, r, cols)
		if math.IsInf(float64(lse[r]), -1) {
			used = 0
		}
		for j, v := range row[:used] {
			row[j] = T(math.Exp(float64(scale)*float64(v) - float64(lse[r])))
		}
		clear(row[used:])
	}
}

// SoftmaxGradRows computes the gradient of SoftmaxRows: dp = p·(dp − rowdot)·scale, in place, where p is
// the softmax and rowdot[r] = Σ p·dp of row r. Both have rows×cols elements at stride ld; entries beyond
// n[r] (n nil: none) become exactly 0. In float32 the errors are at most 4e-7 of max(1, |value|).
func SoftmaxGradRows[T kernel.Float](dp, p []T, rows, cols, ld int, n []int, rowdot []T, scale T) {
	checkRows("SoftmaxGradRows", len(dp), rows, cols, ld, n)
	checkMatrix("SoftmaxGradRows", "p", len(p), rows, cols, ld)
	needs("SoftmaxGradRows", rows, "rowdot", len(rowdot))
	if fast[T]() {
		vecSoftmaxGrad(start(dp), rows, cols, ld, unsafe.SliceData(n), float32(scale), start(p), start(rowdot))
		return
	}
	for r := range rows {
		row, ps, used := rowOf(dp, r, cols, ld), rowOf(p, r, cols, ld), used(n, r, cols)
		for j, v := range row[:used] {
			row[j] = ps[j] * (v - rowdot[r]) * scale
		}
		clear(row[used:])
	}
}

// Max returns the largest element, −Inf for none. If an element is NaN the result is NaN or that of the others.
func Max[T kernel.Float](x []T) T {
	if fast[T]() {
		var largest float32
		vecMax(start(x), len(x), &largest)
		return T(largest)
	}
	return T(maximum(x))
}

// LogSumExp returns log Σ eˣ, in float32 with a relative error of at most 5e-7; −Inf if x is empty or all −Inf, NaN if an
// element is NaN or +Inf.
func LogSumExp[T kernel.Float](x []T) T {
	if fast[T]() {
		var largest, sum float32
		vecLogSumExp(start(x), len(x), &largest, &sum)
		return T(float64(largest) + math.Log(float64(sum)))
	}
	m := maximum(x)
	if math.IsInf(m, -1) {
		return T(m)
	}
	var sum float64
	for _, v := range x {
		sum += math.Exp(float64(v) - m)
	}
	return T(m + math.Log(sum))
}

// ExpShift writes y = e^(x − shift)·scale, for example a scaled softmax with a known logsumexp, in
// float32 with an error of at most 2e-6 of max(1, |value|). y may be x.
func ExpShift[T kernel.Float](y, x []T, shift, scale T) {
	sameLength("ExpShift", len(y), len(x))
	if fast[T]() {
		vecExpShift(start(y), start(x), len(x), float32(shift), float32(scale))
		return
	}
	for i, v := range x {
		y[i] = T(math.Exp(float64(v)-float64(shift)) * float64(scale))
	}
}

// softmaxBlocks computes SoftmaxRows in assembly, in blocks of rows limited by the buffer for their sums;
// the logsumexp is largest + ln Σ.
func softmaxBlocks[T kernel.Float](x []T, rows, cols, ld int, n []int, scale T, lse []T) {
	const block = 64
	var largest, sums [block]float32
	for r := 0; r < rows; r += block {
		count := min(block, rows-r)
		var used []int
		if n != nil {
			used = n[r:]
		}
		vecSoftmax(start(x[min(r*ld, len(x)):]), count, cols, ld, unsafe.SliceData(used), float32(scale),
			&largest[0], &sums[0])
		if lse != nil {
			vecLogAdd(start(lse[r:]), &largest[0], &sums[0], count)
		}
	}
}

func softmaxRow[T kernel.Float](x []T, scale T) T {
	s, m := float64(scale), math.Inf(-1)
	for _, v := range x {
		m = math.Max(m, s*float64(v))
	}
	if math.IsInf(m, -1) {
		clear(x)
		return T(m)
	}
	var sum float64
	for _, v := range x {
		sum += math.Exp(s*float64(v) - m)
	}
	for j, v := range x {
		x[j] = T(math.Exp(s*float64(v)-m) / sum)
	}
	return T(m + math.Log(sum))
}

// maximum returns the largest element, −Inf if x is empty, and NaN if an element is NaN.
func maximum[T kernel.Float](x []T) float64 {
	m := math.Inf(-1)
	for _, v := range x {
		m = math.Max(m, float64(v))
	}
	return m
}

// used returns the number of entries of row r that are used.
func used(n []int, r, cols int) int {
	if n == nil {
		return cols
	}
	return n[r]
}

func checkRows(function string, have, rows, cols, ld int, n []int) {
	checkMatrix(function, "the matrix", have, rows, cols, ld)
	if n == nil {
		return
	}
	needs(function, rows, "n", len(n))
	for r, k := range n {
		if k < 0 || k > cols {
			panic(fmt.Sprintf("vec.%s: row %d uses %d entries, but has %d", function, r, k, cols))
		}
	}
}
