// Command limits measures what this machine can do at most, with the project's own kernels, and
// prints a Markdown table: products of each type of operands and reads of memory, with one
// thread up to all.
//
//	go run ./bench/limits [-threads N]
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"euryale/internal/limits"
)

func main() {
	threads := flag.Int("threads", runtime.NumCPU(), "largest number of threads")
	flag.Parse()
	if err := run(*threads, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "limits:", err)
		os.Exit(1)
	}
}

func run(threads int, out io.Writer) error {
	if threads < 1 {
		return fmt.Errorf("threads = %d: want at least 1", threads)
	}
	rates, err := limits.All(threads)
	if err != nil {
		return err
	}
	fmt.Fprint(out, "| limit | unit |")
	for n := range threads {
		fmt.Fprintf(out, " %d |", n+1)
	}
	fmt.Fprintf(out, "\n| --- | --- |%s\n", strings.Repeat(" --- |", threads))
	for _, first := range rates {
		if first.Threads > 1 {
			continue
		}
		unit := "GFLOP/s"
		if first.What == "reads" {
			unit = "GB/s"
		}
		fmt.Fprintf(out, "| %s | %s |", first.What, unit)
		for _, r := range rates {
			if r.What == first.What {
				fmt.Fprintf(out, " %.3g |", r.Rate)
			}
		}
		fmt.Fprintln(out)
	}
	return nil
}
