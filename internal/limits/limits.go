// Package limits measures the limits of this machine that speeds are compared with: the rates of
// products in registers and caches, and the rate at which memory is read. Those of reads and of products of
// floating-point numbers are measured once for a process.
package limits

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"euryale/internal/kernel/hugepage"
	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
)

// Products returns the measured rate of matrix products in GFLOP/s, of 8-bit integers as many operations, at the
// current precision and with all threads.
func Products() float64 { return productRate(matmul.InUse()) }

var (
	reading sync.Mutex
	reads   = map[int]float64{}
)

// Reads returns the rate at which so many threads together read memory that is in no cache, in
// GB/s: the median pass of a fifth of a second over 256 MB in large pages.
func Reads(threads int) float64 {
	reading.Lock()
	defer reading.Unlock()
	if reads[threads] == 0 {
		reads[threads] = measureReads(threads)
	}
	return reads[threads]
}

func measureReads(threads int) float64 {
	x := make([]float32, 64<<20)
	hugepage.Advise(x)
	for i := range x { // the system maps all untouched pages to one page of zeros
		x[i] = 1
	}
	n := len(x) / threads
	var passes []time.Duration
	for begin := time.Now(); time.Since(begin) < 200*time.Millisecond; {
		start := time.Now()
		var all sync.WaitGroup
		for i := range threads {
			all.Go(func() { vec.Sum(x[i*n : (i+1)*n]) })
		}
		all.Wait()
		passes = append(passes, time.Since(start))
	}
	runtime.KeepAlive(x)
	slices.Sort(passes)
	return 4 * float64(n*threads) / float64(passes[len(passes)/2].Nanoseconds())
}

// Rate is a limit of this machine.
type Rate struct {
	What    string // type of the operands of a product, or "reads"
	Threads int
	Rate    float64 // GFLOP/s (for integers, as many operations), or GB/s
}

// All measures products of every type of operands that this machine has and reads, with one
// thread up to max.
func All(max int) ([]Rate, error) {
	threads, precision := parallel.Threads(), matmul.InUse()
	defer func() {
		parallel.SetThreads(threads)
		_ = matmul.SetPrecision(precision) // one that was in use
	}()
	var rates []Rate
	for n := 1; n <= max; n++ {
		parallel.SetThreads(n)
		known := map[string]bool{}
		for _, p := range []matmul.Precision{matmul.Highest, matmul.High, matmul.Medium, matmul.Int8} {
			if err := matmul.SetPrecision(p); err != nil {
				return nil, err
			}
			if what := matmul.Products(); !known[what] {
				known[what] = true
				rates = append(rates, Rate{what, n, productRate(p)})
			}
		}
	}
	for n := 1; n <= max; n++ {
		rates = append(rates, Rate{"reads", n, Reads(n)})
	}
	return rates, nil
}

// productRate returns the rate of products at the current precision, in GFLOP/s. Only products
// with a packed operand are of integers.
func productRate(p matmul.Precision) float64 {
	if p != matmul.Int8 {
		return matmul.Peak()
	}
	const n = 768
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(i%13)-6.5, float32(i%17)-8.5
	}
	var packed matmul.Packed[float32]
	packed.Pack(false, n, n, b, n, nil)
	best := time.Duration(1<<63 - 1)
	for begin := time.Now(); time.Since(begin) < 100*time.Millisecond; {
		start := time.Now()
		matmul.GemmPacked(&packed, false, false, n, n, n, 1, a, n, b, n, 0, c, n)
		best = min(best, time.Since(start))
	}
	return 2 * n * n * n / float64(best.Nanoseconds())
}
