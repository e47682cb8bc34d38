package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"path/filepath"
	"strconv"

	"euryale/experiment"
	"euryale/internal/cli"
	"euryale/internal/runfile"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training"
)

// checkFlags refuses flags that -check does not go with.
func (o *trainOptions) checkFlags() error {
	switch {
	case o.format != "text" && o.format != "json":
		return cli.Misusef("-format %s: want text or json", o.format)
	case !o.check && o.format != "text":
		return cli.Misusef("-format says how -check prints its findings: give -check")
	case o.check && filepath.Ext(o.graph.file) == ".dot":
		return cli.Misusef("-graph %s: -check draws the scale of layers, as an .svg", o.graph.file)
	}
	if v, given := o.short["training.batch"]; given && o.check {
		if _, err := strconv.Atoi(v); err != nil { // it is a file, and no number of sequences
			o.batch = v
			delete(o.short, "training.batch")
		}
	}
	return nil
}

// check computes the validation loss of a run that was opened, and checks its model. With a saved
// batch it checks the run's weights on that batch instead, whose loss may not be finite.
func check(ctx context.Context, o *trainOptions, r *training.Run, s streams) error {
	if o.batch == "" {
		if _, err := r.Validate(false); err != nil {
			return err
		}
		return diagnose(ctx, o, r.Config.Model, experiment.CheckOptions{}, s)
	}
	b, err := training.ReadBatch(o.batch, r.Config.Model.Common().Vocab)
	if err != nil {
		return err
	}
	noise := &graph.Noise{Seed: bits.Reverse64(r.Config.Training.Seed), Step: b.Noise} // as in training
	return diagnose(ctx, o, r.Config.Model, experiment.CheckOptions{Batch: &b.Batch, Weights: r.Weights, Noise: noise}, s)
}

// diagnose checks a model and prints what it finds. Findings are an error.
func diagnose(ctx context.Context, o *trainOptions, m models.Model, how experiment.CheckOptions, s streams) error {
	report, err := experiment.Check(ctx, m, how)
	if err != nil {
		return err
	}
	if o.format == "json" {
		err = printJSON(s.out, report)
	} else {
		_, err = io.WriteString(s.out, report.String())
	}
	if err != nil {
		return err
	}
	if o.graph.file != "" && len(report.Layers) > 0 {
		if err := runfile.WriteAtomic(o.graph.file, func(w io.Writer) error {
			_, err := io.WriteString(w, report.SVG())
			return err
		}); err != nil {
			return err
		}
		fmt.Fprintf(s.err, "the scale of the model's layers is in %s\n", o.graph.file)
	}
	if n := len(report.Findings); n > 0 {
		return fmt.Errorf("-check found %d mistakes in the model: see above", n)
	}
	return nil
}

// openChecked opens the run that -check checks. If that fails because of the model's graph, it
// checks the model alone, which says more, and returns its findings as the error; with no
// findings it returns the first error.
func openChecked(ctx context.Context, o *trainOptions, s streams) (*training.Run, error) {
	r, err := open(o, s)
	var broken *brokenModel
	if !errors.As(err, &broken) {
		return r, err
	}
	if found := diagnose(ctx, o, broken.model, experiment.CheckOptions{}, s); found != nil {
		return nil, found
	}
	return nil, err
}

// brokenModel is the error of a run whose model is not right.
type brokenModel struct {
	model models.Model
	error
}

func (e *brokenModel) Unwrap() error { return e.error }

// modelError returns err as a *brokenModel if the graph of m is what is wrong.
func modelError(m models.Model, err error) error {
	var layer *graph.Error
	var looksAhead *models.NotCausal
	if errors.As(err, &layer) || errors.As(err, &looksAhead) {
		return &brokenModel{m, err}
	}
	return err
}
