package vec

import (
	"math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
)

// kept returns the mask of n elements with counters from first on.
func kept(n int, p float64, key, first uint64) []bool {
	y := make([]float32, n)
	Dropout(y, ones(n), p, key, first)
	m := make([]bool, n)
	for i, v := range y {
		m[i] = v != 0
	}
	return m
}

func TestDropoutSameMaskEverywhere(t *testing.T) {
	for _, first := range []uint64{0, 5, 1<<32 - 37, 1 << 40, math.MaxUint64 - 50} {
		d := newDropper("test", 0.3, 99)
		want := make([]bool, 301)
		for i := range want {
			want[i] = d.keeps(first + uint64(i))
		}
		eachTier(t, func(t *testing.T) {
			for n := 0; n <= 70; n++ {
				require.Equal(t, want[:n], kept(n, 0.3, 99, first))
			}
			for _, cut := range []int{1, 16, 100, 299} {
				parts := append(kept(cut, 0.3, 99, first), kept(301-cut, 0.3, 99, first+uint64(cut))...)
				require.Equal(t, want, parts, "split at %d", cut)
			}
		})
	}
}

func TestDropoutValues(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		x, a := gaussian(100, 1, 1), gaussian(100, 2, 1)
		mask := kept(100, 0.25, 7, 3)
		y, check := guarded(make([]float32, 100), 1)
		sum, checkSum := guarded(make([]float32, 100), 3)
		Dropout(y, x, 0.25, 7, 3)
		DropoutAdd(sum, a, x, 0.25, 7, 3)
		check(t, "Dropout")
		checkSum(t, "DropoutAdd")
		for i := range x {
			want := float32(0)
			if mask[i] {
				want = x[i] * float32(1/0.75)
			}
			require.Equal(t, want, y[i])
			require.InDelta(t, a[i]+want, sum[i], 1e-6)
		}
		Dropout(y, x, 0, 7, 3)
		require.Equal(t, x, y, "p = 0 copies")
		DropoutAdd(y, a, x, 0, 7, 3)
		require.Equal(t, a[9]+x[9], y[9])
		x[3], x[5] = nan, inf
		Dropout(y, x, 0.999999, 7, 3)
		require.Zero(t, Sum(y[:50]), "dropped elements are 0, even NaN")
	})
}

// The tests below bound statistics that are chi-square or normal for independent masks. |z| ≤ 5 fails by chance once in
// 1.7 million; all counts and keys are fixed, so that the masks are the same in every run.

func TestDropoutMean(t *testing.T) {
	const n = 1 << 20
	for _, p := range []float64{0.01, 0.1, 0.2, 0.5, 0.9} {
		for key := range uint64(5) {
			count := 0
			for _, k := range kept(n, p, key, key*n) {
				if k {
					count++
				}
			}
			z := (float64(count) - n*(1-p)) / math.Sqrt(n*p*(1-p))
			require.LessOrEqual(t, math.Abs(z), 5.0, "p %v key %d: %d of %d kept", p, key, count, n)
		}
	}
}

// agreement returns the z-score of the number of equal elements of two masks of p = ½.
func agreement(a, b []bool) float64 {
	same := 0
	for i := range a {
		if a[i] == b[i] {
			same++
		}
	}
	n := float64(len(a))
	return (float64(same) - n/2) / math.Sqrt(n/4)
}

func TestDropoutNeighboursKeysAndBlocksAreIndependent(t *testing.T) {
	const n = 1 << 18
	base := kept(n+4096, 0.5, 1, 0)
	for _, lag := range []int{1, 2, 3, 4, 7, 8, 16, 31, 32, 64, 100, 128, 255, 256, 384, 512, 768, 1024, 4096} {
		require.LessOrEqual(t, math.Abs(agreement(base[:n], base[lag:lag+n])), 5.0, "lag %d", lag)
	}
	for bit := range 64 { // keys that differ in one bit, and the keys that follow
		require.LessOrEqual(t, math.Abs(agreement(base[:n], kept(n, 0.5, 1^1<<bit, 0))), 5.0, "key bit %d", bit)
	}
	for key := uint64(2); key < 40; key++ {
		require.LessOrEqual(t, math.Abs(agreement(base[:n], kept(n, 0.5, key, 0))), 5.0, "key %d", key)
	}
	for bit := 19; bit < 64; bit++ { // blocks of counters far apart
		require.LessOrEqual(t, math.Abs(agreement(base[:n], kept(n, 0.5, 1, 1<<bit))), 5.0, "counter bit %d", bit)
	}
}

// The 256 patterns of eight neighbours are equally frequent: chi-square with 255 degrees of freedom has mean 255 and
// standard deviation 22.6; the bound is 6 standard deviations.
func TestDropoutPatterns(t *testing.T) {
	const n = 1 << 20
	for _, key := range []uint64{0, 1, 12345, math.MaxUint64} {
		for _, stride := range []int{1, 64, 768} { // neighbours in a row, in a column
			m := kept(n, 0.5, key, 0)
			var count [256]float64
			total := 0.0
			for i := 0; i+8*stride <= n; i += 8 * stride {
				for j := range stride {
					pattern := 0
					for k := range 8 {
						if m[i+j+k*stride] {
							pattern |= 1 << k
						}
					}
					count[pattern]++
					total++
				}
			}
			chi := 0.0
			for _, c := range count {
				chi += (c - total/256) * (c - total/256) / (total / 256)
			}
			require.InDelta(t, 255, chi, 6*22.6, "key %d stride %d", key, stride)
		}
	}
}

// One flipped bit of the counter, or of the key, flips each bit of the hash half of the time.
func TestHashAvalanche(t *testing.T) {
	const n = 4096
	hash := func(key, counter uint64) uint32 {
		s0, s1 := (dropper{key: key}).seeds(counter)
		return hash32(uint32(counter), s0, s1)
	}
	for bit := range 64 {
		var flips [2]int
		for i := range uint64(n) {
			key, counter := i*0x9e3779b97f4a7c15, i*i
			flips[0] += bits.OnesCount32(hash(key, counter) ^ hash(key, counter^1<<bit))
			flips[1] += bits.OnesCount32(hash(key, counter) ^ hash(key^1<<bit, counter))
		}
		for _, f := range flips { // mean 16; a deviation of 2.83 for one pair, 0.044 for the average of 4096
			require.InDelta(t, 16, float64(f)/n, 0.3, "bit %d", bit)
		}
	}
}
