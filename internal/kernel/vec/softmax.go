package vec

import (
	"fmt"
	"math"
	"unsafe"

	"euryale/internal/kernel"
)

// Softmax turns x into softmax(scale·x) in place and returns logsumexp(scale·x). Entries of −Inf get
// exactly 0; a row of only −Inf becomes all 0 and, like a row without elements, returns −Inf. A NaN or
// +Inf among the products makes every entry and the result NaN. In float32 the relative error of an entry is at most
// 5e-7 + 6e-8·|scale·x − max|, its second part the rounding of the difference; entries that would be denormal are 0;
// the logsumexp is right to 1e-6 or 1e-6 of its size.
func Softmax[T kernel.Float](x []T, scale T) (lse T) {
	if !fast[T]() {
		return softmaxRow(x, scale)
	}
	var out [1]T
	SoftmaxRows(x, 1, len(x), len(x), nil, scale, out[:])
	return out[0]
}

// SoftmaxRows does Softmax with each row of x (rows×cols at stride ld): row r uses its first n[r]
// entries (n nil: all cols) and the rest up to cols becomes exactly 0. lse receives one element per
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

// SoftmaxAgain recomputes the result of SoftmaxRows from the lse (one per row) it returned:
// x = exp(scale·x − lse) in place, with the same conventions, to 2e-6 in float32. An lse below its row's
// largest scale·x by more than 88 is out of range.
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

// SoftmaxGradRows is the gradient of SoftmaxRows: dp = p·(dp − rowdot)·scale in place, where p is
// the softmax and rowdot[r] = Σ p·dp of row r. Both have rows×cols elements at stride ld; entries
// beyond n[r] (n nil: none) become exactly 0. In float32 it is right to 4e-7 of numbers up to 1.
func SoftmaxGradRows[T kernel.Float](dp, p []T, rows, cols, ld int, n []int, rowdot []T, scale T) {
	checkRows("SoftmaxGradRows", len(dp), rows, cols, ld, n)
	holdsRows("SoftmaxGradRows", "p", len(p), rows, cols, ld)
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

// LogSumExp returns log Σ eˣ, in float32 to 5e-7 of its size; −Inf for no elements or only −Inf, NaN if there is
// a NaN or +Inf.
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

// ExpShift writes y = e^(x − shift)·scale, the softmax from a known logsumexp times a factor, to
// 2e-6 of numbers up to 1 in float32. y may be x.
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

// softmaxBlocks does SoftmaxRows in assembly, as many rows a call as there is room for their sums; the
// logsumexp is largest + ln Σ.
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

// maximum returns the largest element, −Inf for none and NaN if one is NaN.
func maximum[T kernel.Float](x []T) float64 {
	m := math.Inf(-1)
	for _, v := range x {
		m = math.Max(m, float64(v))
	}
	return m
}

// used is the number of entries of row r that take part.
func used(n []int, r, cols int) int {
	if n == nil {
		return cols
	}
	return n[r]
}

func checkRows(function string, have, rows, cols, ld int, n []int) {
	holdsRows(function, "the matrix", have, rows, cols, ld)
	if n == nil {
		return
	}
	needs(function, rows, "n", len(n))
	for r, k := range n {
		if k < 0 || k > cols {
			panic(fmt.Sprintf("vec.%s: row %d uses %d entries of %d", function, r, k, cols))
		}
	}
}
