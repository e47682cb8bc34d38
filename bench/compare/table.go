package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"euryale/bench"
)

// pairs returns the pairs of sides to compare: each of ours with PyTorch in float32; those of reduced
// precision also with PyTorch at the corresponding precision, and with ours in float32.
func pairs(sides []side) (all [][2]int) {
	for i, a := range sides {
		for j, b := range sides {
			if a.ours && (!b.ours && (b.of == "" || b.of == a.of) || b.ours && a.of != "" && b.of == "") {
				all = append(all, [2]int{i, j})
			}
		}
	}
	return all
}

// header returns the header of the table: a column of times for each side, one of ratios for each
// pair, our shares of the machine's limit (the peak of products in training, reads of the weights in generation), and
// CPU time and memory of all sides.
func header(sides []side) string {
	cells := []string{"workload"}
	var names, own []string
	for _, s := range sides {
		cells = append(cells, s.name+", ms")
		names = append(names, s.name)
		if s.ours {
			own = append(own, s.name)
		}
	}
	for _, p := range pairs(sides) {
		cells = append(cells, fmt.Sprintf("speed of %s by %s: median (range)", sides[p[0]].name, sides[p[1]].name))
	}
	order := strings.Join(names, ", ")
	cells = append(cells, "% of the limit: "+strings.Join(own, ", "), "CPU ms: "+order, "peak MB: "+order)
	return "\n| " + strings.Join(cells, " | ") + " |\n|" + strings.Repeat(" --- |", len(cells)) + "\n"
}

// row returns the line of a workload: medians over the rounds, and the median and range of the ratios
// of rounds.
func row(name string, sides []side, rounds []round) string {
	medians := func(format string, f func(result) float64) (cells []string) {
		for i := range sides {
			var v []float64
			for _, r := range rounds {
				v = append(v, f(r[i]))
			}
			cells = append(cells, fmt.Sprintf(format, bench.Median(v)))
		}
		return cells
	}
	cells := []string{fmt.Sprintf("%s (a %s; %s)", name, rounds[0][0].unit, rounds[0][0].blas)}
	cells = append(cells, medians("%.4g", func(r result) float64 { return r.ms })...)
	for _, p := range pairs(sides) {
		var ratios []float64
		for _, r := range rounds {
			ratios = append(ratios, r[p[1]].ms/r[p[0]].ms)
		}
		cells = append(cells, fmt.Sprintf("%.2f (%.2f–%.2f)", bench.Median(ratios), slices.Min(ratios), slices.Max(ratios)))
	}
	var shares []string
	for i, share := range medians("%.0f", func(r result) float64 { return 100 * r.share }) {
		if sides[i].ours {
			shares = append(shares, share)
		}
	}
	cells = append(cells, strings.Join(shares, ", "), strings.Join(medians("%.4g", func(r result) float64 { return r.cpu }), ", "),
		strings.Join(medians("%.0f", func(r result) float64 { return r.peakMB }), ", "))
	return "| " + strings.Join(cells, " | ") + " |"
}

// versions prints the version of torch and the configuration of OpenBLAS.
const versions = `
import ctypes, torch
print("PyTorch", torch.__version__, end="")
try:
    blas = ctypes.CDLL("libopenblas.so.0")
    blas.openblas_get_config.restype = ctypes.c_char_p
    print(",", blas.openblas_get_config().decode().strip(), end="")
except OSError:
    pass
`

// conditions prints the conditions of the measurement: versions, processor, options and load.
func conditions(out io.Writer, torch side, o options) error {
	v, err := torch.output(o.python, "-c", versions)
	if err != nil {
		return fmt.Errorf("PyTorch does not run (Debian: apt install python3-torch libopenblas0-openmp): %w", err)
	}
	fmt.Fprintf(out, "%s, %d threads; %s %s/%s; %s. %d rounds of %v s a side. Load at the start: %s.\n",
		processor(), o.threads, runtime.Version(), runtime.GOOS, runtime.GOARCH, v, o.rounds, o.seconds, load())
	return nil
}

// processor returns the name of the CPU, if the system provides it.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// load returns the load averages over 1, 5 and 15 minutes, if the system provides them: results
// measured under other load are unreliable.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if f := strings.Fields(string(b)); err == nil && len(f) >= 3 {
		return strings.Join(f[:3], " ")
	}
	return "unknown"
}
