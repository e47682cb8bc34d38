package command

import (
	"fmt"

	"euryale/internal/cli"
	"euryale/training"
)

// average writes a run whose weights are the mean of others'.
func average(o *trainOptions, s streams) error {
	if err := o.Only("average", "out"); err != nil {
		return err
	}
	if o.out == "" {
		return cli.Misusef("-average needs a directory to write: give -out DIR")
	}
	files, err := training.AverageRuns(o.average, o.out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.err, "the mean of %d files of weights is in %s; next: %sevaluate -run %s\n", len(files), o.out, s.prefix, o.out)
	return err
}
