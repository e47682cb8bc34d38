package command

import (
	"context"
	"errors"
	"fmt"

	"euryale/evaluation"
	"euryale/internal/cli"
	"euryale/internal/term"
	"euryale/training"
)

// checkCopied checks the flags that go with -copied.
func (o *evaluateOptions) checkCopied() error {
	if o.prefix < 0 {
		return cli.Misusef("-prefix %d: want 0 (half the context, at most 50) or more", o.prefix)
	}
	return o.Only("copied", "prefix", "run", "last", "format", "precision", "blas", "threads")
}

// remembered prints what the model of the run remembers of its training text.
func (o *evaluateOptions) remembered(ctx context.Context, saved *training.Saved, s streams) error {
	var bar *term.Progress
	shown := ""
	m, err := evaluation.Remember(ctx, saved, evaluation.MemoryOptions{Prefix: o.prefix, Seed: 1, Log: s.err, Progress: func(what string, done int) {
		if bar == nil || what != shown {
			bar.Done()
			bar, shown = term.New(s.err, 0, what), what
		}
		bar.Update(done, "")
	}})
	bar.Done()
	if errors.Is(err, evaluation.ErrNoCorpus) {
		return fmt.Errorf("%s: %w", o.run, err)
	}
	if err != nil {
		return err
	}
	for _, section := range m.Sections(o.command()) {
		o.keep(section, s.err)
	}
	if o.format == "json" {
		return printJSON(s.out, m)
	}
	_, err = fmt.Fprint(s.out, m)
	return err
}
