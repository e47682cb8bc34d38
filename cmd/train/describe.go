package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"euryale/models/ngram"
	"euryale/training"
)

// describe prints a model's parameters by path, and what a token costs.
func describe(r *training.Run, w io.Writer) error {
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
	_, err = fmt.Fprintf(w, "\noperations per token in training: %.3g (forward %.3g)\nmemory of weights, gradients and optimiser: %.1f MB\nmemory of activations and their gradients: %.1f MB\n",
		cost.Train, cost.Forward, float64(cost.Weights)/1e6, float64(cost.Activations)/1e6)
	return err
}

// describeCounts prints how many different n-grams were counted, by their length.
func describeCounts(m *ngram.Model, w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "tokens\tdifferent n-grams\t")
	all := 0
	for i, n := range m.Grams() {
		fmt.Fprintf(t, "%d\t%d\t\n", i+1, n)
		all += n
	}
	fmt.Fprintf(t, "all\t%d\t\n", all)
	return t.Flush()
}
