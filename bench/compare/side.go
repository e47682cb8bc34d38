package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"euryale/internal/kernel/matmul"
)

// side is a program that measures a workload and prints a line of results.
type side struct {
	name    string
	ours    bool
	of      string // type of the operands of products if not float32: "bf16" or "int8"
	command func(workload string) []string
	env     []string
}

// ours returns the side of bench/step.
func ours(step string, p matmul.Precision, o options) side {
	return side{
		name: string(p),
		ours: true,
		of:   map[matmul.Precision]string{matmul.High: "bf16", matmul.Medium: "bf16", matmul.Int8: "int8"}[p],
		command: func(workload string) []string {
			return []string{step, "-workload", workload, "-seconds", fmt.Sprint(o.seconds), "-blas", o.blas, "-precision", string(p)}
		},
		env: append(clean(os.Environ()), fmt.Sprintf("GOMAXPROCS=%d", o.threads)),
	}
}

// pyTorch returns the side of torch_lm.py. It is fastest with the OpenMP build of OpenBLAS, which
// shares torch's threads; the threads of the POSIX build compete with them.
func pyTorch(script, of string, o options) side {
	name, extra := "PyTorch", []string(nil)
	if of != "" {
		name, extra = "PyTorch "+of, []string{"--" + of}
	}
	env := clean(os.Environ())
	if found, _ := filepath.Glob("/usr/lib/*/openblas-openmp"); len(found) > 0 {
		env = append(env, "LD_LIBRARY_PATH="+found[0])
	}
	return side{
		name: name,
		of:   of,
		command: func(workload string) []string {
			return append([]string{o.python, script, workload, "--threads", strconv.Itoa(o.threads), "--seconds", fmt.Sprint(o.seconds)}, extra...)
		},
		env: env,
	}
}

// clean returns the environment without variables that affect the choice of kernels and threads.
func clean(env []string) (kept []string) {
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case strings.HasPrefix(name, "OPENBLAS_"), strings.HasPrefix(name, "OMP_"), name == "LD_LIBRARY_PATH", name == "GOMAXPROCS":
		default:
			kept = append(kept, v)
		}
	}
	return kept
}

// output runs a command in the environment of the side and returns its output.
func (s side) output(command ...string) (string, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = s.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// measure runs the side once.
func (s side) measure(workload string) (result, error) {
	line, err := s.output(s.command(workload)...)
	if err != nil {
		return result{}, err
	}
	r, err := parse(line)
	if err != nil {
		return result{}, fmt.Errorf("%s on %s: %w", s.name, workload, err)
	}
	return r, nil
}

// result is the parsed output of a side.
type result struct {
	unit   string  // "step" or "token"
	ms     float64 // median time of a step
	cpu    float64 // mean CPU time of a step in ms, over all threads
	peakMB float64 // peak memory
	share  float64 // ours: of the machine's limit, measured in the same process
	blas   string  // our tier
}

// parse parses a line of words key=value. It ignores unknown keys.
func parse(line string) (r result, err error) {
	numbers := map[string]*float64{"ms_per_step": &r.ms, "ms_per_token": &r.ms, "cpu_ms": &r.cpu, "peak_mb": &r.peakMB, "share_of_limit": &r.share}
	for _, word := range strings.Fields(line) {
		key, value, _ := strings.Cut(word, "=")
		if unit, ok := strings.CutPrefix(key, "ms_per_"); ok {
			r.unit = unit
		}
		if key == "blas" {
			r.blas = value
		}
		if n := numbers[key]; n != nil {
			if *n, err = strconv.ParseFloat(value, 64); err != nil {
				return r, fmt.Errorf("%s in %q is not a number", key, line)
			}
		}
	}
	if !(r.ms > 0 && r.cpu > 0 && r.peakMB > 0) {
		return r, fmt.Errorf("%q lacks one of ms_per_step (or ms_per_token), cpu_ms and peak_mb", line)
	}
	return r, nil
}
