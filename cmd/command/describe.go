package command

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"euryale/models"
	"euryale/training"
)

// describe prints a model's parameters by path, and what a token costs. A model without
// parameters is trained, and describes itself.
func describe(ctx context.Context, r *training.Run, w io.Writer) error {
	if _, isPredictor := r.Config.Model.(models.Predictor); isPredictor {
		if err := r.Train(ctx); err != nil {
			return err
		}
		_, err := io.WriteString(w, r.Config.Model.(models.Predictor).Describe())
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "parameter\tshape\tvalues\t")
	for _, p := range r.Weights.All() {
		fmt.Fprintf(t, "%s\t%v\t%d\t\n", p.Path, p.Shape, p.Size())
	}
	fmt.Fprintf(t, "all\t\t%d\t\n", r.Weights.Count())
	if err := t.Flush(); err != nil {
		return err
	}
	cost, err := r.Cost()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\noperations per token in training: %.3g (forward %.3g)\nmemory of weights and optimiser: %.1f MB\nmemory of activations and gradients: %.1f MB\n",
		cost.Train, cost.Forward, float64(cost.Weights)/1e6, float64(cost.Activations)/1e6)
	return err
}
