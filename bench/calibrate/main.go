// Command calibrate measures how often a comparison of runs is wrong. It trains groups of tiny
// runs that differ only in the seed, compares them in pairs, and counts how often it is claimed
// that one is better: at a confidence of 95 %, 5 % of pairs may be. Then it compares definitions
// of which one is better: a wider model, and dropout where a model overfits.
//
//	go run ./bench/calibrate
//
// It takes some minutes on two cores. The runs are kept in a directory; run again with the same
// -dir, it goes on where it was stopped.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/build"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"

	"euryale/experiment"
)

func main() {
	pairs := flag.Int("pairs", 40, "`N` pairs of groups that differ only in the seed")
	seeds := flag.Int("seeds", 3, "`N` runs of a group")
	splits := flag.Int("splits", 400, "`N` pairs of groups drawn from all runs")
	dir := flag.String("dir", filepath.Join(os.TempDir(), "calibrate"), "`DIR` directory of the runs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := calibrate(ctx, os.Stdout, *dir, *pairs, *seeds, *splits); err != nil {
		fmt.Fprintln(os.Stderr, "calibrate:", err)
		os.Exit(1)
	}
}

// tiny is a run of a second or two.
var tiny = []string{"model.name=gpt", "model.layers=1", "model.heads=2", "model.context=32", "training.steps=400", "training.batch=16",
	"training.eval_every=0", "training.sample=0", "schedule.warmup=40", "optimizer.lr=4e-3"}

func calibrate(ctx context.Context, w io.Writer, dir string, pairs, seeds, splits int) error {
	same, err := sweep(ctx, filepath.Join(dir, "same"), 2*pairs*seeds, append(tiny, "model.dim=16"))
	if err != nil {
		return err
	}
	claims, differ, halves := 0, 0, 0.0
	for i := range pairs {
		a, b := same[2*i*seeds:(2*i+1)*seeds], same[(2*i+1)*seeds:2*(i+1)*seeds]
		v, err := verdict(ctx, a, b, false)
		if err != nil {
			return err
		}
		if v.Better() != "" {
			claims++
		}
		halves += v.Half
		fmt.Fprintf(w, "pair %d, %d seeds each: %s\n", i+1, seeds, v.Sentence())
		if v, err = verdict(ctx, a[:1], b[:1], false); err != nil {
			return err
		}
		if v.Better() != "" {
			return errors.New("two single runs are no evidence about their definitions, and a claim was made")
		}
		if v.Differs() {
			differ++
		}
	}
	fmt.Fprintf(w, "\nthe same definition, %d seeds each: better in %d of %d pairs; mean half width %.4f\n", seeds, claims, pairs, halves/float64(pairs))
	fmt.Fprintf(w, "single runs of it: no claim in any of %d pairs; %d pairs of runs differ, by the text alone\n", pairs, differ)
	if err := drawn(ctx, w, same, seeds, splits); err != nil {
		return err
	}
	return planted(ctx, w, dir, same, seeds)
}

// drawn compares groups that are drawn from all runs, without replacement in a pair: a rate of
// claims that depends less on chance than that of the pairs without a run in common.
func drawn(ctx context.Context, w io.Writer, runs []string, seeds, splits int) error {
	rng := rand.New(rand.NewPCG(1, 1))
	claims := 0
	for range splits {
		var sample []string
		for _, i := range rng.Perm(len(runs))[:2*seeds] {
			sample = append(sample, runs[i])
		}
		v, err := verdict(ctx, sample[:seeds], sample[seeds:], false)
		if err != nil {
			return err
		}
		if v.Better() != "" {
			claims++
		}
	}
	_, err := fmt.Fprintf(w, "%d pairs of groups drawn from all %d runs: better in %.1f %%\n", splits, len(runs), 100*float64(claims)/float64(max(1, splits)))
	return err
}

// planted compares definitions of which one is better.
func planted(ctx context.Context, w io.Writer, dir string, narrow []string, seeds int) error {
	wide, err := sweep(ctx, filepath.Join(dir, "wide"), seeds, append(tiny, "model.dim=32"))
	if err != nil {
		return err
	}
	v, err := verdict(ctx, narrow[len(narrow)-seeds:], wide, false)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "width 16 (A) and 32 (B): %s\n", v.Sentence())
	text, err := excerpt(dir, 40_000)
	if err != nil {
		return err
	}
	overfit := []string{"model.name=gpt", "model.layers=2", "model.heads=2", "model.dim=64", "model.context=64", "training.steps=1500", "training.batch=8",
		"training.eval_every=0", "training.sample=0", "optimizer.lr=4e-3", "data.name=" + text, "data.split=0.15"}
	without, err := sweep(ctx, filepath.Join(dir, "overfit"), seeds, append(overfit, "model.dropout=0"))
	if err != nil {
		return err
	}
	with, err := sweep(ctx, filepath.Join(dir, "dropout"), seeds, append(overfit, "model.dropout=0.2"))
	if err != nil {
		return err
	}
	if v, err = verdict(ctx, without, with, true); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "dropout 0 (A) and 0.2 (B), overfitting 6 kB: %s\n", v.Sentence())
	return err
}

// sweep trains runs that differ only in the seed, and returns their directories.
func sweep(ctx context.Context, dir string, seeds int, sets []string) (dirs []string, err error) {
	s, err := experiment.Sweep(ctx, experiment.SweepOptions{Dir: dir, Sets: sets, Seeds: seeds, Message: func(text string) { fmt.Fprintln(os.Stderr, text) }})
	if err != nil {
		return nil, err
	}
	for _, r := range s.Points[0].Runs {
		dirs = append(dirs, r.Dir)
	}
	return dirs, nil
}

// caches keep the losses of best and of last weights.
var caches = map[bool]*experiment.Cache{false: {}, true: {}}

// verdict compares the losses of two groups.
func verdict(ctx context.Context, a, b []string, last bool) (v experiment.Verdict, err error) {
	c, err := experiment.CompareRuns(ctx, [][]string{a, b}, experiment.CompareOptions{Last: last, Cache: caches[last]})
	if err != nil {
		return v, err
	}
	return c.Verdicts[0], nil
}

// excerpt writes the first bytes of Newton's Opticks, which a Go installation has.
func excerpt(dir string, n int) (path string, err error) {
	raw, err := os.ReadFile(filepath.Join(build.Default.GOROOT, "src", "testdata", "Isaac.Newton-Opticks.txt"))
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "opticks.txt")
	return path, os.WriteFile(path, raw[:n], 0o666)
}
