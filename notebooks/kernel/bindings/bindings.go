// Package bindings makes the packages below importable in notebooks. To import another
// package in a notebook, add it here and rebuild the kernel.
//
// Command genbind writes a zz_*.go file for each; these files are not committed.
package bindings

import (
	_ "euryale/data"
	_ "euryale/data/store"
	_ "euryale/data/tales"
	_ "euryale/data/task"
	_ "euryale/data/textfile"
	_ "euryale/data/tokenizer"
	_ "euryale/evaluation"
	_ "euryale/evaluation/lab"
	_ "euryale/evaluation/metrics"
	_ "euryale/experiment"
	_ "euryale/generation"
	_ "euryale/generation/constraint"
	_ "euryale/inspect"
	_ "euryale/inspect/page"
	_ "euryale/inspect/view"
	_ "euryale/layers"
	_ "euryale/layers/draw"
	_ "euryale/layers/graph"
	_ "euryale/layers/ops"
	_ "euryale/models"
	_ "euryale/models/modeltest"
	_ "euryale/notebooks/kernel/checkout"
	_ "euryale/training"

	_ "github.com/chewxy/hm"
	_ "gonum.org/v1/gonum/floats"
	_ "gonum.org/v1/gonum/mat"
	_ "gonum.org/v1/gonum/stat"
	_ "gonum.org/v1/plot"
	_ "gonum.org/v1/plot/plotter"
	_ "gonum.org/v1/plot/plotutil"
	_ "gonum.org/v1/plot/vg"
	_ "gonum.org/v1/plot/vg/draw"
	_ "gorgonia.org/gorgonia"
	_ "gorgonia.org/tensor"
)
