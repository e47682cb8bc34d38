package main

import (
	"context"
	"fmt"
	"io"

	"euryale/generation"
	"euryale/internal/cli"
	"euryale/training"
)

// count makes a run of an n-gram model, and prints what it writes.
func count(o *options, c training.Config, dir string, stdout, stderr io.Writer) error {
	if o.graph.file != "" || o.init != "" {
		return cli.Misusef("an ngram model is made of counts: it has no graph for -graph, and no weights for -init")
	}
	r, err := training.Count(c, dir, stderr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s\nvalidation %.4f nats per token\n", r.Describe, r.Loss)
	if o.describe {
		return describeCounts(r.Counts, stdout)
	}
	if dir == "" {
		return nil
	}
	g, err := r.Generator()
	if err != nil {
		return err
	}
	p, err := g.Prompt("")
	if err != nil {
		return err
	}
	text, err := g.Generate(context.Background(), p, generation.Settings{Tokens: c.Training.Sample, Temperature: 0.8, TopP: 0.95, Seed: c.Training.Seed}, 1, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "the run is in %s; go on with: go run ./cmd/generate -run %s\n\n", dir, dir)
	_, err = fmt.Fprintln(stdout, text[0].Text)
	return err
}
