// Command step measures one workload for some seconds and prints the results in the format of
// torch_lm.py.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"euryale/bench"
	"euryale/generation"
	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
	"euryale/internal/limits"
	"euryale/layers/graph"
	"euryale/models"
)

func main() {
	name := flag.String("workload", "gpt-char-cpu", fmt.Sprintf("one of %q", bench.Names()))
	seconds := flag.Float64("seconds", 10, "seconds of the measurement")
	blas := flag.String("blas", "auto", "BLAS tier")
	precision := flag.String("precision", "highest", "precision of products: highest, high, medium, or int8 for generation")
	profile := flag.String("profile", "", "write a CPU profile to this file")
	rows := flag.Int("rows", 1, "sequences that generate side by side")
	clocks := flag.Bool("clocks", false, "compare training steps with the clocks of train -profile and without")
	recompute := flag.String("recompute", "none", "training.recompute: none or block")
	flag.Parse()
	if *clocks {
		if err := compareClocks(*name, *blas, *precision, *seconds); err != nil {
			fmt.Fprintln(os.Stderr, "step:", err)
			os.Exit(1)
		}
		return
	}
	if err := measure(*name, *blas, *precision, *profile, *recompute, *rows, *seconds); err != nil {
		fmt.Fprintln(os.Stderr, "step:", err)
		os.Exit(1)
	}
}

func measure(name, blas, precision, profile, recompute string, rows int, seconds float64) error {
	err := errors.Join(matmul.Use(blas), matmul.SetPrecision(matmul.Precision(precision)))
	if err != nil {
		return err
	}
	w, err := bench.Find(name)
	if err != nil {
		return err
	}
	w.Recompute = recompute
	step, tokens, unit, share, err := prepare(w, precision, rows)
	if err != nil {
		return err
	}
	for range 2 { // warm-up of buffers and caches
		if err := step(); err != nil {
			return err
		}
	}
	stop, err := startProfile(profile)
	if err != nil {
		return err
	}
	ms, cpu, err := repeat(step, seconds)
	err = errors.Join(err, stop())
	if err != nil {
		return err
	}
	_, peak, err := usage()
	if err != nil {
		return err
	}
	fmt.Printf("%s threads=%d ms_per_%s=%.3f tokens_per_s=%.1f cpu_ms=%.3f peak_mb=%d blas=%s share_of_limit=%.2f\n",
		name, runtime.GOMAXPROCS(0), unit, ms, tokens/ms*1e3, cpu, peak, matmul.Tier().Name, share(tokens/ms*1e3))
	return nil
}

// startProfile starts a CPU profile, which stop ends, unless name is empty.
func startProfile(name string) (stop func() error, err error) {
	if name == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, nil
}

// repeat repeats step, and returns its median time in milliseconds and its mean CPU time.
func repeat(step func() error, seconds float64) (ms, cpu float64, err error) {
	before, _, err := usage()
	if err != nil {
		return 0, 0, err
	}
	var times []float64
	for start := time.Now(); time.Since(start).Seconds() < seconds || len(times) < 4; {
		t := time.Now()
		if err := step(); err != nil {
			return 0, 0, err
		}
		times = append(times, time.Since(t).Seconds()*1e3)
	}
	after, _, err := usage()
	return bench.Median(times), (after - before) / float64(len(times)), err
}

// prepare returns a function that does one step of a workload, its number of tokens, and a function
// that returns which share of the machine's limit so many tokens a second are: of the peak of
// products in training, of reads of the weights in generation.
func prepare(w bench.Workload, precision string, rows int) (step func() error, tokens float64, unit string, share func(tokensPerSecond float64) float64, err error) {
	if w.Generate {
		step, share, err = generator(w.Model, rows)
		return step, float64(rows), "step", share, err
	}
	if !matmul.Precision(precision).Trainable() {
		return nil, 0, "", nil, fmt.Errorf("precision %s is for workloads that generate: choose one of them, or another precision", precision)
	}
	r, err := w.Trainer()
	if err != nil {
		return nil, 0, "", nil, err
	}
	r.Config.Training.Precision = precision
	step = func() error { _, err := r.Update(); return err }
	return step, float64(w.Batch * w.Model.Common().Context), "step", r.ShareOfPeak, nil
}

// generator returns a step that generates one token in each of so many sequences; after 128 tokens
// they start again without a prompt.
func generator(m models.Model, rows int) (step func() error, share func(tokensPerSecond float64) float64, err error) {
	weights := graph.NewWeights(1)
	mem, err := models.NewMemory(m, weights, rows, m.Common().Context, 0)
	if err != nil {
		return nil, nil, err
	}
	p, err := models.Decode(m, weights, graph.Frame{B: rows, T: 1, Memory: mem})
	if err != nil {
		return nil, nil, err
	}
	weights.ReadOnly()
	weights.Hold() // as in generation
	weights.Reuse()
	ids, draws, errs := make([]int, rows), make([]func(logits []float32) (int, error), rows), make([]error, rows)
	for i := range draws {
		draws[i] = generation.NewDraw(generation.Settings{Temperature: 1, Seed: uint64(i)})
	}
	step = func() error {
		if mem.Length(0) == 128 {
			for i := range rows {
				mem.Reset(i)
			}
			clear(ids)
		}
		if err := p.Run(graph.Feed{Tokens: ids}); err != nil {
			return err
		}
		logits := p.Value("logits")
		vocab := len(logits) / rows
		parallel.Each(rows, func(i int) { // as in generation
			ids[i], errs[i] = draws[i](logits[i*vocab:][:vocab])
		})
		return errors.Join(errs...)
	}
	return step, func(tokensPerSecond float64) float64 {
		bytes := float64(weights.Count() * bytesOf[matmul.Products()])
		return tokensPerSecond / float64(rows) * bytes / 1e9 / limits.Reads(parallel.Threads())
	}, nil
}

// bytesOf are the bytes of a weight, by the operands of products.
var bytesOf = map[string]int{"float32": 4, "three bfloat16": 6, "two bfloat16": 4, "bfloat16": 2, "8-bit integers": 1}
