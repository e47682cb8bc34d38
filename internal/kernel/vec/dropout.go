package vec

import (
	"fmt"
	"math"

	"euryale/internal/kernel"
)

// Dropout writes y = x/(1−p) for elements that are kept and exactly 0 for the others (Srivastava et
// al., 2014). Whether element i is kept, with probability 1−p, depends only on key and first+i, so that
// the mask is the same in every tier and for any partition of the range. The gradient is Dropout applied
// to dy. p is in [0, 1); p = 0 copies. y may be x.
func Dropout[T kernel.Float](y, x []T, p float64, key, first uint64) {
	sameLength("Dropout", len(y), len(x))
	if p == 0 {
		copy(y, x)
		return
	}
	d := newDropper("Dropout", p, key)
	if fast[T]() {
		d.runs(len(x), first, func(from, to int, count, s1 uint32) {
			vecDropout(start(y[from:]), start(x[from:]), to-from, float32(d.scale), d.threshold, count, s1)
		})
		return
	}
	for i, v := range x {
		if d.keeps(first + uint64(i)) {
			y[i] = v * T(d.scale)
		} else {
			y[i] = 0
		}
	}
}

// DropoutAdd writes y = a + Dropout(x): the residual sum of a layer with dropout. y may be a or x.
func DropoutAdd[T kernel.Float](y, a, x []T, p float64, key, first uint64) {
	sameLength("DropoutAdd", len(y), len(a), len(x))
	if p == 0 {
		Add(y, a, x)
		return
	}
	d := newDropper("DropoutAdd", p, key)
	if fast[T]() {
		d.runs(len(x), first, func(from, to int, count, s1 uint32) {
			vecDropoutAdd(start(y[from:]), start(a[from:]), start(x[from:]), to-from, float32(d.scale), d.threshold, count, s1)
		})
		return
	}
	for i, v := range x {
		y[i] = a[i]
		if d.keeps(first + uint64(i)) {
			y[i] += v * T(d.scale)
		}
	}
}

// dropper determines which elements are kept.
type dropper struct {
	scale     float64 // 1/(1−p)
	threshold int32   // an element is kept if its hash, as a signed number, is at least threshold
	key       uint64
}

func newDropper(function string, p float64, key uint64) dropper {
	if !(p >= 0 && p < 1) {
		panic(fmt.Sprintf("vec.%s: probability %v is not in [0, 1)", function, p))
	}
	t := math.Min(math.Round(p*(1<<32)), 1<<32-1)
	return dropper{1 / (1 - p), int32(int64(t) - 1<<31), key}
}

// seeds mixes the key and the upper half of a counter into two seeds for the hash of its lower half (by
// the finaliser of SplitMix64: Steele, Lea and Flood, 2014).
func (d dropper) seeds(counter uint64) (s0, s1 uint32) {
	z := mix64(d.key + (counter>>32+1)*0x9e3779b97f4a7c15)
	return uint32(z), uint32(z >> 32)
}

// runs splits n elements from counter first into ranges whose counters have the same upper half, and
// calls do for each range with the first count and the seed of the hash.
func (d dropper) runs(n int, first uint64, do func(from, to int, count, s1 uint32)) {
	for from := 0; from < n; {
		at := first + uint64(from)
		to := from + int(min(uint64(n-from), 1<<32-at&(1<<32-1)))
		s0, s1 := d.seeds(at)
		do(from, to, uint32(at)+s0, s1)
		from = to
	}
}

func (d dropper) keeps(counter uint64) bool {
	s0, s1 := d.seeds(counter)
	return int32(hash32(uint32(counter), s0, s1)) >= d.threshold
}

// hash32 is the "lowbias32" integer hash (C. Wellons, 2018) with a seed added before each of its two
// multiplications.
func hash32(x, s0, s1 uint32) uint32 {
	x += s0
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x += s1
	x *= 0x846ca68b
	return x ^ x>>16
}

func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
