package command

import (
	"context"
	"fmt"
	"io"

	"euryale/experiment"
	"euryale/internal/cli"
	"euryale/internal/runfile"
	"euryale/internal/term"
	"euryale/training"
)

// checkCompare checks the flags that go with -compare.
func (o *evaluateOptions) checkCompare() error {
	switch {
	case len(o.compare) < 2:
		return cli.Misusef("-compare %s: want two runs or more, as in -compare runs/a runs/b; quoted patterns are groups of runs that differ only in the seed", o.compare[0])
	case !isPart(o.part):
		return cli.Misusef("-part %s: want train, valid or test", o.part)
	case o.examples < 0 || o.tokens < 1:
		return cli.Misusef("-examples %d, -length %d: want none below 0, and a length", o.examples, o.tokens)
	}
	if all, err := o.decodings(); err != nil {
		return cli.Misusef("%w", err)
	} else if len(all) > 1 {
		return cli.Misusef("-beam %s: -compare compares runs, with one way of decoding", o.beams)
	}
	return o.Only("compare", "html", "svg", "part", "examples", "length", "beam", "length-penalty", "guidance", "last", "format", "precision", "blas", "threads")
}

// compareRuns prints how runs compare, and writes the page and the picture.
func compareRuns(ctx context.Context, o *evaluateOptions, s streams) error {
	if err := o.useMachine(s.err); err != nil {
		return err
	}
	examples := o.examples
	if examples == 0 {
		examples = allExamples
	}
	decoding, err := o.decodings()
	if err != nil {
		return err
	}
	var bar *term.Progress
	c, err := experiment.Compare(ctx, o.compare, experiment.CompareOptions{
		Last: o.last, Part: o.part, Examples: examples, Precision: o.precision, Log: s.err,
		Settings: decoding[0].Settings,
		Progress: func(done, total int, run string) {
			if bar == nil {
				bar = term.New(s.err, total, "comparing")
			}
			bar.Update(done, run)
		},
	})
	bar.Done()
	if err != nil {
		return err
	}
	if err := writeComparison(c, o.html, o.svg); err != nil {
		return err
	}
	if o.format == "json" {
		return printJSON(s.out, c)
	}
	_, err = fmt.Fprint(s.out, c)
	return err
}

// allExamples is more than any part has.
const allExamples = 1 << 40

// writeComparison writes the page and the picture, where they have names.
func writeComparison(c *experiment.Comparison, page, picture string) error {
	if page != "" {
		if err := runfile.WriteAtomic(page, c.WriteHTML); err != nil {
			return err
		}
	}
	if picture == "" {
		return nil
	}
	return runfile.WriteAtomic(picture, func(w io.Writer) error {
		_, err := io.WriteString(w, c.Curves().SVG())
		return err
	})
}

// useMachine sets the threads, the library of products and the precision for several runs.
func (o *evaluateOptions) useMachine(stderr io.Writer) error {
	if err := o.machine.Use(stderr); err != nil {
		return err
	}
	if o.precision != "" {
		if err := cli.Precision(stderr, o.precision); err != nil {
			return err
		}
	}
	training.LimitMemory()
	return nil
}
