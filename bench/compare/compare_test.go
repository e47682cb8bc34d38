package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel/matmul"
)

func TestParse(t *testing.T) {
	r, err := parse("gen-char threads=2 ms_per_token=1.668 tokens_per_s=599.5 cpu_ms=2.740 peak_mb=106 blas=builtin share_of_limit=0.84")
	require.NoError(t, err)
	assert.Equal(t, result{unit: "token", ms: 1.668, cpu: 2.74, peakMB: 106, blas: "builtin", share: 0.84}, r)
	for line, want := range map[string]string{
		"":                                       "lacks one of",
		"x ms_per_step=3 cpu_ms=2":               "lacks one of",
		"x ms_per_step=fast cpu_ms=2 peak_mb=1":  "ms_per_step in",
		"x ms_per_step=NaN cpu_ms=2 peak_mb=1":   "lacks one of",
		"x ms_per_step=-1 cpu_ms=2 peak_mb=1":    "lacks one of",
		"Traceback (most recent call last): ...": "lacks one of",
	} {
		_, err := parse(line)
		assert.ErrorContains(t, err, want, line)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("gpt threads=2 ms_per_step=3 cpu_ms=5 peak_mb=7")
	f.Fuzz(func(t *testing.T, line string) {
		if r, err := parse(line); err == nil {
			assert.True(t, r.ms > 0 && r.cpu > 0 && r.peakMB > 0)
		}
	})
}

// The ratio is of each round, not of the medians: 4/2, 9/3 and 5/5 by hand, whose median
// is 2, while the medians 5 and 3 would give 1.67.
func TestRow(t *testing.T) {
	one := func(ms, cpu, peak, share float64) result {
		return result{unit: "step", ms: ms, cpu: cpu, peakMB: peak, blas: "builtin", share: share}
	}
	rounds := []round{{one(2, 4, 100, 0.8), one(4, 8, 300, 0)}, {one(3, 6, 90, 0.6), one(9, 17, 310, 0)}, {one(5, 9, 95, 0.7), one(5, 10, 305, 0)}}
	sides := []side{{name: "highest", ours: true}, {name: "PyTorch"}}
	assert.Equal(t, "\n| workload | highest, ms | PyTorch, ms | speed of highest by PyTorch: median (range) | % of the limit: highest | CPU ms: highest, PyTorch | peak MB: highest, PyTorch |\n| --- | --- | --- | --- | --- | --- | --- |\n", header(sides))
	assert.Equal(t, "| tiny (a step; builtin) | 3 | 5 | 2.00 (1.00–3.00) | 70 | 6, 10 | 95, 305 |", row("tiny", sides, rounds))
}

func TestPairs(t *testing.T) {
	sides := []side{{name: "highest", ours: true}, {name: "medium", ours: true, of: "bf16"}, {name: "int8", ours: true, of: "int8"},
		{name: "PyTorch"}, {name: "PyTorch bf16", of: "bf16"}, {name: "PyTorch int8", of: "int8"}}
	assert.Equal(t, [][2]int{{0, 3}, {1, 0}, {1, 3}, {1, 4}, {2, 0}, {2, 3}, {2, 5}}, pairs(sides))
}

func TestEnvironment(t *testing.T) {
	kept := clean([]string{"HOME=/h", "OPENBLAS_NUM_THREADS=7", "OPENBLAS_L2_SIZE=9", "OMP_NUM_THREADS=3", "LD_LIBRARY_PATH=/x", "GOMAXPROCS=1", "PATH=/bin"})
	assert.Equal(t, []string{"HOME=/h", "PATH=/bin"}, kept)
}

// The sides alternate, and the error of a side that fails has its output.
func TestMeasure(t *testing.T) {
	var calls []string
	say := func(name, line string) side {
		return side{name: name, command: func(workload string) []string {
			calls = append(calls, name)
			return []string{"sh", "-c", line}
		}}
	}
	good := say("a", "echo x ms_per_step=1 cpu_ms=1 peak_mb=1")
	rounds, err := measure([]side{good, say("b", "echo x ms_per_step=2 cpu_ms=1 peak_mb=1")}, "x", 2, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "a", "b"}, calls)
	require.Len(t, rounds, 2)
	assert.Equal(t, 2.0, rounds[1][1].ms)
	_, err = measure([]side{good, say("b", "echo no torch >&2; exit 3")}, "x", 1, io.Discard)
	assert.ErrorContains(t, err, "exit status 3: no torch")
	_, err = measure([]side{good, say("b", "echo nothing")}, "x", 1, io.Discard)
	assert.ErrorContains(t, err, `b on x: "nothing" lacks`)
}

func TestRefuses(t *testing.T) {
	var out strings.Builder
	assert.ErrorContains(t, run(options{rounds: 0, threads: 1, seconds: 1}, &out, io.Discard), "rounds = 0")
	assert.ErrorContains(t, run(options{rounds: 1, threads: 1, seconds: 1, workloads: []string{"gtp"}}, &out, io.Discard), `there is no workload "gtp"`)
	assert.ErrorContains(t, run(options{rounds: 1, threads: 1, seconds: 1, precisions: []matmul.Precision{"low"}}, &out, io.Discard), `the precision is "low"`)
	assert.ErrorContains(t, run(options{rounds: 1, threads: 1, seconds: 1, workloads: []string{"gen-char", "lstm-char"}, precisions: []matmul.Precision{"int8"}}, &out, io.Discard),
		"int8 is for workloads that generate, and lstm-char trains")
	assert.Empty(t, out.String())
}
