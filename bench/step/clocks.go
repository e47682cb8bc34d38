package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"euryale/bench"
	"euryale/internal/kernel/matmul"
	"euryale/training"
)

// compareClocks trains a workload with and without the clocks of a profile, in turn, and prints
// the median times and their ratio.
func compareClocks(name, blas, precision string, seconds float64) error {
	if err := errors.Join(matmul.Use(blas), matmul.SetPrecision(matmul.Precision(precision))); err != nil {
		return err
	}
	w, err := bench.Find(name)
	if err != nil {
		return err
	}
	if w.Generate {
		return fmt.Errorf("the workload %s generates: choose one that trains", name)
	}
	var runs [2]*training.Run
	for i := range runs {
		if runs[i], err = w.Trainer(); err != nil {
			return err
		}
		runs[i].Config.Training.Precision = precision
	}
	if _, err := runs[1].Measure(context.Background(), 1, 1); err != nil { // its clocks remain
		return err
	}
	var times [2][]float64
	for begin := time.Now(); len(times[0]) < 3 || time.Since(begin).Seconds() < seconds; {
		for i, r := range runs {
			start := time.Now()
			if _, err := r.Update(); err != nil {
				return err
			}
			times[i] = append(times[i], time.Since(start).Seconds())
		}
	}
	without, with := bench.Median(times[0][1:]), bench.Median(times[1][1:])
	fmt.Printf("%s: %.3f ms without clocks, %.3f ms with, ratio %.4f (medians of %d steps in turn)\n", name, 1e3*without, 1e3*with, with/without, len(times[0])-1)
	return nil
}
