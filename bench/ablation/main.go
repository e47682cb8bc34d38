// Command ablation measures what each part of a recipe is worth: it trains the configuration as it is and with
// one part changed at a time, each for the same time, and compares losses over seeds.
//
//	go run ./bench/ablation -config configs/recipe-gpt.toml -budget 40s
//
// A variant's number of updates is the budget divided by the time of one of its updates, which is measured first,
// all variants in turns, with all threads on an idle machine. The number of updates, which says how the learning rate
// falls, is then fixed: the runs that follow need not be alone. They are kept in a directory; run again with the same
// -dir, it goes on where it was stopped.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"euryale/experiment"
	"euryale/internal/runfile"
)

// variant is a recipe with something changed.
type variant struct {
	Name string
	Sets []string
}

// variants of the models of configs/recipe-*.toml, the first as it is.
var variants = []variant{
	{"all of it", nil},
	{"AdamW, not Muon", []string{"optimizer.name=adamw"}},
	{"rate falls as a cosine to a tenth", []string{"schedule.name=cosine", "schedule.min_lr=0"}},
	{"without QK-norm", []string{"model.qk_norm=false"}},
	{"learned positions", []string{"model.rotary_base=0"}},
	{"LayerNorm", []string{"model.norm=layer"}},
	{"GELU", []string{"model.activation=gelu"}},
	{"without value embeddings", []string{"model.values=false"}},
	{"without soft-cap", []string{"model.soft_cap=0"}},
	{"without zero initial values", []string{"model.zero_init=false"}},
	{"tied head", []string{"model.tied=true"}},
	{"windows of 32 in every second layer", []string{"model.window=32"}},
	{"none of it", []string{"optimizer.name=adamw", "schedule.name=cosine", "schedule.min_lr=0", "model.qk_norm=false", "model.rotary_base=0", "model.norm=layer",
		"model.activation=gelu", "model.values=false", "model.soft_cap=0", "model.zero_init=false", "model.tied=true"}},
}

func main() {
	config := flag.String("config", "", "`FILE`: the recipe")
	budget := flag.Duration("budget", 40*time.Second, "`TIME` of training of each run")
	seeds := flag.Int("seeds", 3, "`N` runs of each variant")
	dir := flag.String("dir", filepath.Join(os.TempDir(), "ablation"), "`DIR` of the runs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := ablate(ctx, os.Stdout, *dir, *config, *budget, *seeds); err != nil {
		fmt.Fprintln(os.Stderr, "ablation:", err)
		os.Exit(1)
	}
}

func ablate(ctx context.Context, w io.Writer, dir, config string, budget time.Duration, seeds int) error {
	times, err := updateTimes(ctx, dir, config)
	if err != nil {
		return err
	}
	cache := &experiment.Cache{}
	var whole []string
	fmt.Fprintf(w, "| variant | ms an update | updates in %v | loss, mean of %d seeds | difference (95 %%) |\n| --- | --- | --- | --- | --- |\n", budget, seeds)
	for i, v := range variants {
		steps := int(float64(budget.Milliseconds()) / times[v.Name])
		runs, loss, err := train(ctx, filepath.Join(dir, fmt.Sprint(i)), config, slices.Concat(v.Sets, []string{fmt.Sprintf("training.steps=%d", steps)}), seeds)
		if err != nil {
			return err
		}
		difference := ""
		if i == 0 {
			whole = runs
		} else {
			c, err := experiment.CompareRuns(ctx, [][]string{whole, runs}, experiment.CompareOptions{Last: true, Cache: cache})
			if err != nil {
				return err
			}
			difference = fmt.Sprintf("%+.3f ± %.3f", -c.Verdicts[0].Gain, c.Verdicts[0].Half)
		}
		fmt.Fprintf(w, "| %s | %.1f | %d | %.3f | %s |\n", v.Name, times[v.Name], steps, loss, difference)
	}
	return nil
}

// train trains a variant with each seed, and returns the directories of the runs and their mean loss.
func train(ctx context.Context, dir, config string, sets []string, seeds int) (runs []string, loss float64, err error) {
	s, err := experiment.Sweep(ctx, experiment.SweepOptions{Dir: dir, Config: config, Sets: append(sets, "training.eval_every=0", "training.sample=0"), Seeds: seeds,
		Message: func(text string) { fmt.Fprintln(os.Stderr, text) }})
	if err != nil {
		return nil, 0, err
	}
	for _, r := range s.Points[0].Runs {
		runs = append(runs, r.Dir)
		loss += r.Loss / float64(seeds)
	}
	return runs, loss, nil
}

const (
	rounds  = 3  // in which the time of an update is measured
	updates = 60 // of a measurement: a third warms up, and the last is followed by an evaluation
)

// updateTimes returns the milliseconds of an update of each variant, the median of rounds. They are kept in dir.
func updateTimes(ctx context.Context, dir, config string) (times map[string]float64, err error) {
	file := filepath.Join(dir, "times.json")
	if raw, err := os.ReadFile(file); err == nil {
		err := json.Unmarshal(raw, &times)
		return times, err
	}
	measured := map[string][]float64{}
	for round := range rounds {
		for i, v := range variants {
			at := filepath.Join(dir, "times", fmt.Sprintf("%d-%d", round, i))
			if err := os.RemoveAll(at); err != nil {
				return nil, err
			}
			if _, _, err := train(ctx, at, config, slices.Concat(v.Sets, []string{fmt.Sprintf("training.steps=%d", updates), fmt.Sprintf("training.log_every=%d", updates/3),
				"schedule.warmup=0", "training.eval_tokens=256", "training.final_eval_tokens=256"}), 1); err != nil {
				return nil, err
			}
			ms, err := middle(at)
			if err != nil {
				return nil, err
			}
			measured[v.Name] = append(measured[v.Name], ms)
		}
	}
	times = map[string]float64{}
	for name, ms := range measured {
		slices.Sort(ms)
		times[name] = ms[len(ms)/2]
	}
	raw, err := json.MarshalIndent(times, "", "  ")
	if err != nil {
		return nil, err
	}
	return times, runfile.WriteAtomic(file, func(w io.Writer) error { _, err := w.Write(raw); return err })
}

// middle returns the milliseconds of an update in the second third of a run of a sweep.
func middle(sweep string) (ms float64, err error) {
	logs, _ := filepath.Glob(filepath.Join(sweep, "*", "metrics.jsonl"))
	if len(logs) != 1 {
		return 0, fmt.Errorf("%s has %d logs", sweep, len(logs))
	}
	f, err := os.Open(logs[0])
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var seconds []float64
	for d := json.NewDecoder(f); ; {
		var line struct{ Loss, Seconds float64 }
		if err := d.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return 0, fmt.Errorf("%s: %w", logs[0], err)
		}
		if line.Loss > 0 {
			seconds = append(seconds, line.Seconds)
		}
	}
	if len(seconds) < 2 {
		return 0, fmt.Errorf("%s has no two reports", logs[0])
	}
	return 1000 * (seconds[1] - seconds[0]) / (updates / 3), nil
}
