package main

import (
	"fmt"
	"io"

	"euryale/internal/cli"
	"euryale/training"
)

// convert makes a run of a model from elsewhere, or writes a run for elsewhere.
func convert(o *options, stderr io.Writer) error {
	if o.out == "" {
		return cli.Misusef("-import and -export need a directory to write: give -out DIR")
	}
	if o.imports != "" && o.exports != "" || o.resume != "" || o.config != "" || o.init != "" || o.check || o.describe {
		return cli.Misusef("-import and -export exclude each other, and -resume, -config, -init, -check and -describe")
	}
	if o.exports != "" {
		if err := training.Export(o.exports, o.out); err != nil {
			return err
		}
		_, err := fmt.Fprintf(stderr, "the model of %s is in %s\n", o.exports, o.out)
		return err
	}
	s, err := training.Import(o.imports, o.short["tokenizer.kind"], o.out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stderr, "%s with %d parameters is in %s: go run ./cmd/generate -run %s\n", s.Config.ModelName, s.Weights.Count(), o.out, o.out)
	return err
}
