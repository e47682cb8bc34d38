// Command ratios reads the output of go test -bench, and prints a Markdown table that compares
// benchmarks whose names end in /fused and /stock. Of repeated measurements (-count) it uses the
// medians.
//
//	go test -run XXX -bench . ./bench | go run ./bench/ratios
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"euryale/bench"
)

func main() {
	if err := table(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ratios:", err)
		os.Exit(1)
	}
}

// pair is a benchmark in fused and in stock ops.
type pair struct{ fused, stock measurements }

// measurements are the results of the runs of a benchmark.
type measurements struct{ ns, bytes []float64 }

// line matches a benchmark line: its name without the number of threads, ns/op, and optional B/op.
var line = regexp.MustCompile(`^Benchmark(\S+)/(fused|stock)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op(?:.*?([\d.]+) B/op)?`)

// table prints a row for each pair, in the order of their first lines.
func table(in io.Reader, out io.Writer) error {
	pairs, order := map[string]*pair{}, []string(nil)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		m := line.FindStringSubmatch(lines.Text())
		if m == nil {
			if strings.Contains(lines.Text(), "FAIL") {
				return fmt.Errorf("the benchmarks failed: %s", lines.Text())
			}
			continue
		}
		if pairs[m[1]] == nil {
			pairs[m[1]], order = &pair{}, append(order, m[1])
		}
		pairs[m[1]].add(m[2], m[3], m[4])
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if len(order) == 0 {
		return fmt.Errorf("no line of the input has a benchmark ending in /fused or /stock: pipe the output of go test -bench . ./bench into this command")
	}
	fmt.Fprintln(out, "| benchmark | ms, fused | ms, stock | stock by fused | kB allocated, fused | kB allocated, stock |\n| --- | --- | --- | --- | --- | --- |")
	for _, name := range order {
		row, err := pairs[name].row()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(out, "| %s | %s |\n", name, row)
	}
	return nil
}

func (p *pair) add(side, ns, bytes string) {
	m := &p.fused
	if side == "stock" {
		m = &p.stock
	}
	for _, v := range []struct {
		text string
		to   *[]float64
	}{{ns, &m.ns}, {bytes, &m.bytes}} {
		if n, err := strconv.ParseFloat(v.text, 64); err == nil {
			*v.to = append(*v.to, n)
		}
	}
}

func (p *pair) row() (string, error) {
	if len(p.fused.ns) == 0 || len(p.stock.ns) == 0 {
		return "", fmt.Errorf("%d measurements fused and %d in stock ops: want at least one of each", len(p.fused.ns), len(p.stock.ns))
	}
	f, s := bench.Median(p.fused.ns), bench.Median(p.stock.ns)
	return fmt.Sprintf("%.3f | %.3f | %.1f | %s | %s", f/1e6, s/1e6, s/f, kilobytes(p.fused.bytes), kilobytes(p.stock.bytes)), nil
}

func kilobytes(bytes []float64) string {
	if len(bytes) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", bench.Median(bytes)/1e3)
}
