package command

import (
	"context"
	"fmt"

	"euryale/experiment"
	"euryale/internal/cli"
	"euryale/internal/term"
	"euryale/models/ngram"
)

// checkMix checks the flags that go with -mix.
func (o *evaluateOptions) checkMix() error {
	switch {
	case o.cache < 0 || o.cache > ngram.MaxOrder:
		return cli.Misusef("-cache-ngrams %d: want 1 to %d, or 0 for none", o.cache, ngram.MaxOrder)
	case len(o.mix) == 1 && o.cache == 0:
		return cli.Misusef("-mix %s is one model: give several runs, or -cache-ngrams 6", o.mix[0])
	case !isPart(o.part):
		return cli.Misusef("-part %s: want train, valid or test", o.part)
	}
	return o.Only("mix", "cache-ngrams", "part", "last", "format", "precision", "blas", "threads")
}

// mixRuns prints how well the runs predict together.
func (o *evaluateOptions) mixRuns(ctx context.Context, s streams) error {
	if err := o.useMachine(s.err); err != nil {
		return err
	}
	var bar *term.Progress
	m, err := experiment.MixRuns(ctx, o.mix, experiment.MixOptions{
		Last: o.last, Part: o.part, Precision: o.precision, Cache: o.cache, Log: s.err,
		Progress: func(done, total int, run string) {
			if bar == nil {
				bar = term.New(s.err, total, "mixing")
			}
			bar.Update(done, run)
		},
	})
	bar.Done()
	if err != nil {
		return err
	}
	if o.format == "json" {
		return printJSON(s.out, m)
	}
	_, err = fmt.Fprint(s.out, m)
	return err
}
