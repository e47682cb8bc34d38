package vec

import "euryale/internal/kernel"

// lanes is the number of partial sums of Sum, Dot and SumSquares: partial sum j has the elements with
// index j modulo lanes. Every tier sums in this order, in float64, where products of float32 are exact,
// so that float32 sums have the same bits in every tier.
const lanes = 32

// Sum returns Σ x in float64, always in the same order; 0 for no elements.
func Sum[T kernel.Float](x []T) float64 {
	if fast[T]() {
		return vecSum(start(x), len(x))
	}
	var acc [lanes]float64
	for i, v := range x {
		acc[i%lanes] += float64(v)
	}
	return fold(&acc)
}

// Dot returns Σ a·b in float64, always in the same order; 0 for no elements.
func Dot[T kernel.Float](a, b []T) float64 {
	sameLength("Dot", len(a), len(b))
	if fast[T]() {
		return vecDot(start(a), start(b), len(a))
	}
	var acc [lanes]float64
	for i, v := range a {
		acc[i%lanes] += float64(v) * float64(b[i])
	}
	return fold(&acc)
}

// SumSquares returns Σ x² in float64, always in the same order; 0 for no elements.
func SumSquares[T kernel.Float](x []T) float64 { return Dot(x, x) }

// fold adds the upper half of the lanes to the lower half until one is left.
func fold(acc *[lanes]float64) float64 {
	for half := lanes / 2; half > 0; half /= 2 {
		for j := range half {
			acc[j] += acc[j+half]
		}
	}
	return acc[0]
}

// ColumnSums writes to dst (cols) the sum over the rows of x (rows×cols at stride ld), added row by row
// in T.
func ColumnSums[T kernel.Float](dst, x []T, rows, cols, ld int) {
	needs("ColumnSums", cols, "dst", len(dst))
	checkMatrix("ColumnSums", "x", len(x), rows, cols, ld)
	if fast[T]() {
		vecColumnSums(start(dst), start(x), rows, cols, ld)
		return
	}
	clear(dst)
	for r := range rows {
		for j, v := range rowOf(x, r, cols, ld) {
			dst[j] += v
		}
	}
}
