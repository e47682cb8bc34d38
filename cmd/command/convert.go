package command

import (
	"fmt"
	"io"
	"path/filepath"

	"euryale/internal/cli"
	"euryale/training"
)

// convert converts another program's model into a run, or writes a run for another program.
func convert(o *trainOptions, s streams) error {
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
		return export(o, s.err)
	}
	saved, err := training.Import(o.imports, o.short["tokenizer.kind"], o.out)
	if err != nil {
		return err
	}
	if saved.Note != "" {
		fmt.Fprintln(s.err, saved.Note)
	}
	_, err = fmt.Fprintf(s.err, "%s with %d parameters is in %s; next: %sgenerate -run %s\n", saved.Config.ModelName, saved.Weights.Count(), o.out, s.prefix, o.out)
	return err
}

func export(o *trainOptions, stderr io.Writer) error {
	note, err := training.Export(o.exports, o.out)
	if err != nil {
		return err
	}
	if note != "" {
		fmt.Fprintf(stderr, "%s; -import needs it: -tokenizer %s\n", note, filepath.Join(o.exports, "tokenizer.json"))
	}
	if err := exportCard(o.exports, o.out); err != nil {
		return fmt.Errorf("the model is in %s, without a README.md: %w", o.out, err)
	}
	_, err = fmt.Fprintf(stderr, "the model of %s is in %s\n", o.exports, o.out)
	return err
}
