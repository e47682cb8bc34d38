// Command products measures products of float32 matrices on every tier and at every precision of
// this machine, and prints a Markdown table of GFLOP/s: medians of the rounds, including conversion
// and packing. Each round measures all cells.
//
//	go run ./bench/products [-rounds 5] [-seconds 0.1] [-threads N] [-sizes 64,128,256,512,1024,2048]
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"euryale/bench"
	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
)

func main() {
	rounds := flag.Int("rounds", 5, "measurements of each product")
	seconds := flag.Float64("seconds", 0.1, "seconds of a measurement")
	threads := flag.Int("threads", runtime.NumCPU(), "number of threads")
	sizes := flag.String("sizes", "64,128,256,512,1024,2048", "rows and columns of the matrices")
	flag.Parse()
	if err := run(*rounds, *threads, *seconds, *sizes, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "products:", err)
		os.Exit(1)
	}
}

// way is a tier and a precision that computes differently from the others of that tier.
type way struct {
	tier      string
	precision matmul.Precision
	operands  string
}

// ways returns the ways of this machine.
func ways() (all []way, err error) {
	own := map[string]bool{} // operands of the built-in tier, some of which the split tier has too
	for _, tier := range []string{"gonum", "openblas", "builtin", "split"} {
		if matmul.Use(tier) != nil { // not available on this machine
			continue
		}
		for _, p := range []matmul.Precision{matmul.Highest, matmul.High, matmul.Medium} {
			if err := matmul.SetPrecision(p); err != nil {
				return nil, err
			}
			operands := matmul.Products()
			if p != matmul.Highest && operands == "float32" || tier == "split" && own[operands] {
				continue
			}
			own[operands] = own[operands] || tier == "builtin"
			all = append(all, way{tier, p, operands})
		}
	}
	return all, nil
}

func (w way) use() error {
	if err := matmul.Use(w.tier); err != nil {
		return err
	}
	return matmul.SetPrecision(w.precision)
}

func run(rounds, threads int, seconds float64, sizes string, out, progress io.Writer) error {
	var ns []int
	for _, s := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return fmt.Errorf("-sizes %s: %q is not a size", sizes, s)
		}
		ns = append(ns, n)
	}
	if rounds < 1 || threads < 1 || !(seconds > 0) {
		return fmt.Errorf("rounds = %d, threads = %d and seconds = %v: want more than 0", rounds, threads, seconds)
	}
	parallel.SetThreads(threads)
	all, err := ways()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d threads, GFLOP/s: NN, NT, TN\n\n| size |", threads)
	for _, w := range all {
		fmt.Fprintf(out, " %s, %s (%s) |", w.tier, w.precision, w.operands)
	}
	fmt.Fprintf(out, "\n|%s\n", strings.Repeat(" --- |", len(all)+1))
	for _, n := range ns {
		fmt.Fprintf(progress, "%d…\n", n)
		row, err := measure(all, n, rounds, seconds)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "| %d | %s |\n", n, strings.Join(row, " | "))
	}
	return nil
}

// transposes are the products of a linear layer: forward, and the gradients of its input
// and of its weights.
var transposes = [][2]bool{{false, false}, {false, true}, {true, false}}

// measure returns the cells of a row of the table.
func measure(all []way, n, rounds int, seconds float64) (cells []string, err error) {
	rates := make([][3][]float64, len(all)) // by way and transpose
	a, b, c := normal(n*n), normal(n*n), make([]float32, n*n)
	for range rounds {
		for i, w := range all {
			if err := w.use(); err != nil {
				return nil, err
			}
			for j, t := range transposes {
				rates[i][j] = append(rates[i][j], rate(seconds, n, func() { matmul.Gemm(t[0], t[1], n, n, n, 1, a, n, b, n, 0, c, n) }))
			}
		}
	}
	for _, r := range rates {
		cells = append(cells, fmt.Sprintf("%.0f, %.0f, %.0f", bench.Median(r[0]), bench.Median(r[1]), bench.Median(r[2])))
	}
	return cells, nil
}

// rate returns the rate of an n×n×n product in GFLOP/s.
func rate(seconds float64, n int, product func()) float64 {
	product() // warm-up of caches and buffers
	count := 0
	start := time.Now()
	for time.Since(start).Seconds() < seconds {
		product()
		count++
	}
	return 2 * float64(n) * float64(n) * float64(n) * float64(count) / float64(time.Since(start).Nanoseconds())
}

// normal returns random numbers, because zeros are faster.
func normal(n int) []float32 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}
