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

const header = `
| workload | ms, ours | ms, PyTorch | speed, ours by PyTorch: median (range) | CPU ms, ours | CPU ms, PyTorch | peak MB, ours | peak MB, PyTorch |
| --- | --- | --- | --- | --- | --- | --- | --- |
`

// row is a workload's line of the table: medians over the rounds, and the ratio of each
// round.
func row(name string, rounds []round) string {
	pick := func(side int, f func(result) float64) float64 {
		var v []float64
		for _, r := range rounds {
			v = append(v, f(r[side]))
		}
		return bench.Median(v)
	}
	var ratios []float64
	for _, r := range rounds {
		ratios = append(ratios, r[1].ms/r[0].ms)
	}
	ms := func(r result) float64 { return r.ms }
	cpu := func(r result) float64 { return r.cpu }
	peak := func(r result) float64 { return r.peakMB }
	return fmt.Sprintf("| %s (a %s; %s) | %.4g | %.4g | %.2f (%.2f–%.2f) | %.4g | %.4g | %.0f | %.0f |",
		name, rounds[0][0].unit, rounds[0][0].blas, pick(0, ms), pick(1, ms), bench.Median(ratios), slices.Min(ratios), slices.Max(ratios),
		pick(0, cpu), pick(1, cpu), pick(0, peak), pick(1, peak))
}

// versions prints torch's version and what OpenBLAS chose for this processor.
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

// conditions prints what the figures depend on.
func conditions(out io.Writer, torch side, o options) error {
	v, err := torch.output(o.python, "-c", versions)
	if err != nil {
		return fmt.Errorf("PyTorch does not run (Debian: apt install python3-torch libopenblas0-openmp): %w", err)
	}
	fmt.Fprintf(out, "%s, %d threads; %s %s/%s; %s. %d rounds of %v s a side. Load at the start: %s.\n",
		processor(), o.threads, runtime.Version(), runtime.GOOS, runtime.GOARCH, v, o.rounds, o.seconds, load())
	return nil
}

// processor is the CPU's name, where the system tells.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// load is how many processes were ready to run, over 1, 5 and 15 minutes, where the
// system tells: figures taken at more than the two sides' own load are doubtful.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if f := strings.Fields(string(b)); err == nil && len(f) >= 3 {
		return strings.Join(f[:3], " ")
	}
	return "unknown"
}
