package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"euryale/experiment"
	"euryale/internal/cli"
	"euryale/internal/near"
	"euryale/internal/ranks"
	"euryale/internal/runfile"
	"euryale/internal/term"
	"euryale/training"
)

// sweeps reports whether several runs are to be trained.
func (o *trainOptions) sweeps() bool {
	return o.Given("sweep") || o.Given("seeds")
}

// sweepOptions returns what the flags say, with keys in place of flags.
func (o *trainOptions) sweepOptions() (experiment.SweepOptions, error) {
	all := experiment.SweepOptions{Dir: o.out, Config: o.config, Sets: o.settings(), Seeds: o.seeds, Init: o.init, Tokenizer: o.short["tokenizer.kind"]}
	switch {
	case o.resume != "" || o.check || o.describe || o.graph.file != "":
		return all, cli.Misusef("-sweep trains new runs: leave out -resume, -check, -describe and -graph; a sweep that was stopped goes on with the same flags and -out")
	case o.seeds == 0 && o.Given("seeds"):
		return all, cli.Misusef("-seeds 0: want 1 or more")
	}
	for _, text := range o.sweep {
		key, list, found := strings.Cut(text, "=")
		key = strings.TrimSpace(key)
		if found && key != "config" && !strings.Contains(key, ".") {
			whole, err := keyOf(key)
			if err != nil {
				return all, err
			}
			text = whole + "=" + list
		}
		all.Vary = append(all.Vary, text)
	}
	return all, nil
}

// keyOf returns the key that a flag sets, by its name.
func keyOf(flag string) (string, error) {
	names := []string{"config"}
	for _, s := range shorthands {
		if s.flag == flag {
			return s.key, nil
		}
		names = append(names, s.flag)
	}
	if slices.Contains([]string{"out", "resume", "init"}, flag) {
		return flag, nil // experiment says why they cannot vary
	}
	return "", cli.Misusef("-sweep %s=…: there is no key %s: did you mean %s? A key is section.key, as in optimizer.lr, or a flag that sets one", flag, flag, near.Name(flag, names))
}

// sweep trains the runs of a sweep and prints how they compare.
func sweep(ctx context.Context, o *trainOptions, s streams) error {
	all, err := o.sweepOptions()
	if err != nil {
		return err
	}
	if err := experiment.CheckSweep(all); err != nil {
		return &cli.Usage{Err: err}
	}
	all.Ranks = s.ranks
	if err := o.machine.Use(s.err); err != nil {
		return err
	}
	training.LimitMemory()
	if all.Dir == "" {
		if all.Dir, err = newSweepDir(all, s); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.err, "the sweep is in %s\n", all.Dir)
	var bar *term.Progress
	print := func(text string) {
		if bar == nil {
			fmt.Fprintln(s.err, text)
		} else {
			bar.Println(text)
		}
	}
	all.Log, all.Saving, all.Message = nil, cli.Saving, print
	all.Progress = func(done, total int, run string) {
		if bar == nil {
			bar = term.New(s.err, total, "sweep, percent of each run")
		}
		bar.Update(done, run)
	}
	swept, err := experiment.Sweep(ctx, all)
	bar.Done()
	if errors.Is(err, experiment.ErrInterrupted) {
		return fmt.Errorf("%w: continue with the same flags and -out %s", cli.ErrInterrupted, all.Dir)
	}
	if swept != nil {
		err = errors.Join(err, finishSweep(swept, s))
	}
	return ranks.Agree(s.ranks, err)
}

// newSweepDir makes a directory for a new sweep.
func newSweepDir(all experiment.SweepOptions, s streams) (string, error) {
	name := "sweep"
	if c, err := training.Parse(all.Config, all.Sets); err == nil {
		name = nameOf(c) + "-sweep"
	}
	return s.createDir("runs", name)
}

// finishSweep prints the table, and writes the page and the picture.
func finishSweep(swept *experiment.Swept, s streams) error {
	page, picture := filepath.Join(swept.Dir, "sweep.html"), filepath.Join(swept.Dir, "sweep.svg")
	err := errors.Join(runfile.WriteAtomic(page, swept.WriteHTML), runfile.WriteAtomic(picture, func(w io.Writer) error {
		_, err := io.WriteString(w, swept.Curves().SVG())
		return err
	}))
	if _, printed := fmt.Fprint(s.out, swept); printed != nil {
		return errors.Join(err, printed)
	}
	fmt.Fprintf(s.err, "the page of the sweep is %s, its curves are %s\n", page, picture)
	return err
}
