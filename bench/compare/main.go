// Command compare compares the speed of training and generation with PyTorch, and prints a
// Markdown table: at each precision that computes differently on this machine, against PyTorch
// in float32 and at the corresponding precision (autocast to bfloat16, or weights quantized to
// int8). The sides alternate, so that other load on the machine affects all of them; the ratio of
// a round is that of neighbouring measurements.
//
//	go run ./bench/compare [-rounds 5] [-seconds 5] [-blas auto] [-precision highest,medium] [WORKLOAD …]
//	go run ./bench/compare -precision highest,medium,int8 gen-char gen-gpt2 gen-lstm
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
	"slices"
	"strings"

	"euryale/bench"
	"euryale/internal/kernel/matmul"
)

// options are the command-line flags.
type options struct {
	rounds, threads int
	seconds         float64
	blas, python    string
	precisions      []matmul.Precision
	workloads       []string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "measurements of each side, alternated")
	flag.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads of each side")
	flag.Float64Var(&o.seconds, "seconds", 5, "seconds of a measurement")
	flag.StringVar(&o.blas, "blas", "auto", "BLAS tier of Euryale")
	precisions := flag.String("precision", "", "precisions of Euryale, separated by commas (default all that compute differently)")
	flag.StringVar(&o.python, "python", "/usr/bin/python3", "Python interpreter with torch")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: compare [flags] [WORKLOAD …]; the workloads are %q, default all\n", bench.Names())
		flag.PrintDefaults()
	}
	flag.Parse()
	if o.workloads = flag.Args(); len(o.workloads) == 0 {
		o.workloads = bench.Names()
	}
	for _, p := range strings.FieldsFunc(*precisions, func(r rune) bool { return r == ',' }) {
		o.precisions = append(o.precisions, matmul.Precision(p))
	}
	if err := run(o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// different returns the precisions that compute differently on a tier of this machine.
func different(blas string) (ps []matmul.Precision, err error) {
	if err := matmul.Use(blas); err != nil {
		return nil, err
	}
	for _, p := range []matmul.Precision{matmul.Highest, matmul.High, matmul.Medium} {
		if err := matmul.SetPrecision(p); err != nil {
			return nil, err
		}
		if p == matmul.Highest || matmul.Products() != "float32" {
			ps = append(ps, p)
		}
	}
	return ps, matmul.SetPrecision(matmul.Highest)
}

// check returns an error if an option is invalid.
func (o options) check() error {
	if o.rounds < 1 || o.threads < 1 || !(o.seconds > 0) {
		return fmt.Errorf("rounds = %d, threads = %d and seconds = %v: want more than 0", o.rounds, o.threads, o.seconds)
	}
	for _, p := range o.precisions {
		if err := p.Check(); err != nil {
			return fmt.Errorf("the precision is %w", err)
		}
	}
	for _, name := range o.workloads {
		w, err := bench.Find(name)
		if err != nil {
			return err
		}
		if !w.Generate && slices.Contains(o.precisions, matmul.Int8) {
			return fmt.Errorf("%s is for workloads that generate, and %s trains", matmul.Int8, name)
		}
	}
	return nil
}

// run measures all workloads and prints the table.
func run(o options, out, progress io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	if len(o.precisions) == 0 {
		ps, err := different(o.blas)
		if err != nil {
			return err
		}
		o.precisions = ps
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
	var sides []side
	for _, p := range o.precisions {
		sides = append(sides, ours(step, p, o))
	}
	script := filepath.Join("bench", "torch_lm.py")
	for _, of := range []string{"", "bf16", "int8"} { // float32, and the reduced precisions of our sides
		if of == "" || slices.ContainsFunc(sides, func(s side) bool { return s.ours && s.of == of }) {
			sides = append(sides, pyTorch(script, of, o))
		}
	}
	if err := conditions(out, sides[len(o.precisions)], o); err != nil {
		return err
	}
	fmt.Fprint(out, header(sides))
	for _, name := range o.workloads {
		rounds, err := measure(sides, name, o.rounds, progress)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, row(name, sides, rounds))
	}
	fmt.Fprintf(out, "\nLoad at the end: %s.\n", load())
	return nil
}

// round is one measurement of each side.
type round []result

// measure measures the sides alternately.
func measure(sides []side, workload string, rounds int, progress io.Writer) (all []round, err error) {
	for i := range rounds {
		fmt.Fprintf(progress, "%s, round %d of %d:", workload, i+1, rounds)
		var r round
		for _, s := range sides {
			one, err := s.measure(workload)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(progress, " %s %.4g ms;", s.name, one.ms)
			r = append(r, one)
		}
		fmt.Fprintln(progress)
		all = append(all, r)
	}
	return all, nil
}
