// Command scaling trains models of several sizes on several numbers of tokens, and fits a scaling law to
// their losses: L(N, D) = E + A/N^α + B/D^β, for N parameters and D tokens (Hoffmann et al. 2022).
//
//	go run ./bench/scaling -config configs/recipe-gpt.toml
//
// It takes some minutes on two cores. The runs are kept in a directory; run again with the same -dir, it goes on
// where it was stopped. The largest model is left out of a second fit, which predicts its losses.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"

	"euryale/experiment"
	"euryale/training"
)

func main() {
	config := flag.String("config", "", "`FILE`: configuration of all runs")
	dims := flag.String("dims", "32,48,64,96,128", "`LIST` of widths")
	steps := flag.String("steps", "250,500,1000,2000", "`LIST` of numbers of updates")
	dir := flag.String("dir", filepath.Join(os.TempDir(), "scaling"), "`DIR` of the runs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := scale(ctx, os.Stdout, *dir, *config, *dims, *steps); err != nil {
		fmt.Fprintln(os.Stderr, "scaling:", err)
		os.Exit(1)
	}
}

func scale(ctx context.Context, w io.Writer, dir, config, dims, steps string) error {
	s, err := experiment.Sweep(ctx, experiment.SweepOptions{Dir: dir, Config: config,
		Vary:    []string{"model.dim=" + dims, "training.steps=" + steps},
		Sets:    []string{"training.eval_every=0", "training.sample=0"},
		Message: func(text string) { fmt.Fprintln(os.Stderr, text) }})
	if err != nil {
		return err
	}
	var points []point
	for _, p := range s.Points {
		for _, r := range p.Runs {
			q, err := pointOf(r)
			if err != nil {
				return err
			}
			points = append(points, q)
		}
	}
	return report(w, points)
}

// pointOf returns the size, the tokens and the loss of a run.
func pointOf(r *experiment.SweepRun) (p point, err error) {
	saved, err := training.Open(r.Dir, true)
	if err != nil {
		return p, err
	}
	for _, q := range saved.Weights.All() {
		p.parameters += float64(q.Size())
	}
	c := saved.Config
	p.tokens = float64(r.Steps) * float64(c.Training.Batch*c.Training.Accumulate*c.Model.Common().Context)
	p.loss = r.Loss
	return p, nil
}

// report prints the fit of all points, and that of all but the largest model's.
func report(w io.Writer, points []point) error {
	largest := 0.0
	for _, p := range points {
		largest = max(largest, p.parameters)
	}
	var smaller []point
	for _, p := range points {
		if p.parameters < largest {
			smaller = append(smaller, p)
		}
	}
	if len(smaller) < 6 {
		return errors.New("a law of five numbers needs more runs: give -dims and -steps at least three values each")
	}
	all, held := fit(points), fit(smaller)
	fmt.Fprintf(w, "all runs:               %v\nwithout the largest:    %v\n\n", all, held)
	fmt.Fprintf(w, "%12s %12s %10s %10s %24s\n", "parameters", "tokens", "loss", "fit", "of the smaller models")
	for _, p := range points {
		prediction := ""
		if p.parameters == largest {
			prediction = strconv.FormatFloat(held.at(p), 'f', 3, 64)
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%12.0f %12.0f %10.3f %10.3f %24s", p.parameters, p.tokens, p.loss, all.at(p), prediction), " "))
	}
	fmt.Fprintf(w, "\nbest size for a budget of 6·N·D operations:\n")
	for _, budget := range []float64{1e12, 1e13, 1e14} {
		best := all.best(budget)
		fmt.Fprintf(w, "%10.0e operations: %10.0f parameters, %12.0f tokens, loss %.3f\n", budget, best.parameters, best.tokens, all.at(best))
	}
	return nil
}
