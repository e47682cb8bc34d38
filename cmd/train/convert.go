package main

import (
	"fmt"
	"io"
	"path/filepath"

	"euryale/internal/cli"
	"euryale/training"
)

// convert makes a run of a model from elsewhere, or writes a run for elsewhere.
func convert(o *options, stderr io.Writer) error {
	does := []string{"import", "tokenizer", "out"}
	if o.exports != "" {
		does = []string{"export", "out"}
	}
	if err := o.Only(does...); err != nil {
		return err
	}
	if o.out == "" {
		return cli.Misusef("-%s needs a directory to write: give -out DIR", does[0])
	}
	if o.exports != "" {
		return export(o, stderr)
	}
	s, err := training.Import(o.imports, o.short["tokenizer.kind"], o.out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stderr, "%s with %d parameters is in %s: go run ./cmd/generate -run %s\n", s.Config.ModelName, s.Weights.Count(), o.out, o.out)
	return err
}

func export(o *options, stderr io.Writer) error {
	note, err := training.Export(o.exports, o.out)
	if err != nil {
		return err
	}
	if note != "" {
		fmt.Fprintf(stderr, "%s; -import needs it: -tokenizer %s\n", note, filepath.Join(o.exports, "tokenizer.json"))
	}
	_, err = fmt.Fprintf(stderr, "the model of %s is in %s\n", o.exports, o.out)
	return err
}
