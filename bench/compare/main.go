// Command compare measures training and generation beside PyTorch, and prints a table in
// markdown. The sides take turns in one call, so that whatever else the machine does
// meets both; a round's ratio is of two neighbouring measurements.
//
//	go run ./bench/compare [-rounds 5] [-seconds 5] [-blas auto] [WORKLOAD …]
//
// It runs from the root of the repository and needs Debian's python3-torch and
// libopenblas0-openmp.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"euryale/bench"
)

// options are the flags.
type options struct {
	rounds, threads int
	seconds         float64
	blas, python    string
	workloads       []string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "measurements of each side, in turns")
	flag.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads of each side")
	flag.Float64Var(&o.seconds, "seconds", 5, "length of one measurement")
	flag.StringVar(&o.blas, "blas", "auto", "our tier of arithmetic")
	flag.StringVar(&o.python, "python", "/usr/bin/python3", "the Python that has torch")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: compare [flags] [WORKLOAD …]; the workloads are %q, default all\n", bench.Names())
		flag.PrintDefaults()
	}
	flag.Parse()
	if o.workloads = flag.Args(); len(o.workloads) == 0 {
		o.workloads = bench.Names()
	}
	if err := run(o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// run measures all workloads and prints the table.
func run(o options, out, progress io.Writer) error {
	if o.rounds < 1 || o.threads < 1 || !(o.seconds > 0) {
		return fmt.Errorf("rounds = %d, threads = %d and seconds = %v: want more than 0", o.rounds, o.threads, o.seconds)
	}
	for _, name := range o.workloads {
		if _, err := bench.Find(name); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	step := filepath.Join(dir, "step")
	if b, err := exec.Command("go", "build", "-o", step, "./bench/step").CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./bench/step, from the root of the repository: %w: %s", err, b)
	}
	sides := [2]side{ours(step, o), pyTorch(filepath.Join("bench", "torch_lm.py"), o)}
	if err := conditions(out, sides[1], o); err != nil {
		return err
	}
	fmt.Fprint(out, header)
	for _, name := range o.workloads {
		rounds, err := measure(sides, name, o.rounds, progress)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, row(name, rounds))
	}
	fmt.Fprintf(out, "\nLoad at the end: %s.\n", load())
	return nil
}

// round is one measurement of each side: ours, then PyTorch's.
type round [2]result

// measure lets the sides take turns.
func measure(sides [2]side, workload string, rounds int, progress io.Writer) (all []round, err error) {
	for i := range rounds {
		var r round
		for j, s := range sides {
			if r[j], err = s.measure(workload); err != nil {
				return nil, err
			}
		}
		fmt.Fprintf(progress, "%s, round %d of %d: %.2f ms and %.2f ms\n", workload, i+1, rounds, r[0].ms, r[1].ms)
		all = append(all, r)
	}
	return all, nil
}
