package matmul

import (
	"sync"
	"time"

	"euryale/internal/kernel/parallel"
)

// peaks has the measured rates, by peakKey.
var peaks sync.Map

type peakKey struct {
	tier    string
	product string // type of the operands; see Products
	threads int
}

// Peak returns the rate of float32 matrix products in GFLOP/s, on the current tier, at
// the current precision and with parallel.Threads threads: the best of the products of
// size 768 that run in a tenth of a second. It is measured once for each of these
// settings.
func Peak() float64 {
	k := peakKey{Tier().Name, Products(), parallel.Threads()}
	if v, ok := peaks.Load(k); ok {
		return v.(float64)
	}
	rate := measurePeak()
	peaks.Store(k, rate)
	return rate
}

func measurePeak() float64 {
	const n = 768
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		// Not zeros, which some multipliers handle faster.
		a[i], b[i] = float32(i%13)-6.5, float32(i%17)-8.5
	}
	best := time.Duration(1<<63 - 1)
	for start := time.Now(); time.Since(start) < 100*time.Millisecond; {
		t := time.Now()
		Gemm(false, false, n, n, n, 1, a, n, b, n, 0, c, n)
		best = min(best, time.Since(t))
	}
	return 2 * n * n * n / float64(best.Nanoseconds())
}
