package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"euryale/evaluation/lab"
	"euryale/generation"
	"euryale/internal/cli"
	"euryale/internal/runfile"
	"euryale/internal/term"
	"euryale/training"
)

// labSeeds is the number of seeds of each strategy unless -samples says another.
const labSeeds = 3

// notOfLab are the flags of generate that say nothing to a lab.
var notOfLab = []string{"interactive", "prompts", "logprobs", "stream"}

func (o *generateOptions) checkLab() error {
	if o.lab == "" {
		if o.labSet != "" {
			return cli.Misusef("-lab-set %q says what -lab compares: give -lab FILE.html", o.labSet)
		}
		return nil
	}
	for _, name := range notOfLab {
		if o.given(name) {
			return cli.Misusef("-lab has no use for -%s", name)
		}
	}
	if info, err := os.Stat(filepath.Dir(o.lab)); err != nil || !info.IsDir() {
		return cli.Misusef("-lab %s: there is no directory %s", o.lab, filepath.Dir(o.lab))
	}
	return nil
}

// strategies returns those that -lab-set lists. Each is a list of the flags of sampling, without their dashes;
// what it does not set is off, except for lengths and ends, which are those of the command.
func (o *generateOptions) strategies() ([]lab.Strategy, error) {
	if o.lab == "" {
		return nil, nil
	}
	if o.labSet == "" {
		return lab.Strategies(o.settings), nil
	}
	var all []lab.Strategy
	for item := range strings.SplitSeq(o.labSet, ";") {
		name := strings.Join(strings.Fields(item), " ")
		if name == "" {
			continue
		}
		s, err := o.strategy(strings.Fields(item))
		if err != nil {
			return nil, cli.Misusef("-lab-set %q: %w", name, err)
		}
		all = append(all, lab.Strategy{Name: name, Settings: s})
	}
	if len(all) == 0 {
		return nil, cli.Misusef("-lab-set %q lists no strategy: want them separated by semicolons, as \"greedy; top-p=0.9\"", o.labSet)
	}
	return all, nil
}

// strategy returns the settings of one strategy of -lab-set.
func (o *generateOptions) strategy(words []string) (generation.Settings, error) {
	one := &generateOptions{Flags: cli.NewFlags("generate", "", "")}
	one.declareSampling()
	one.settings.Tokens, one.settings.MinTokens, one.settings.MaxTime = o.settings.Tokens, o.settings.MinTokens, o.settings.MaxTime
	one.settings.Temperature, one.settings.TopP, one.stop = 1, 0, o.stop
	var args []string
	for _, w := range words {
		if w == "greedy" {
			w = "temperature=0"
		}
		args = append(args, "-"+w)
	}
	if err := one.Parse(args); err != nil {
		return generation.Settings{}, err
	}
	for _, name := range []string{"seed", "samples"} {
		if one.given(name) {
			return generation.Settings{}, fmt.Errorf("want -%s of the command, not of a strategy", name)
		}
	}
	if one.settings.Beams > 0 && !one.given("temperature") {
		one.settings.Temperature = 0
	}
	one.settings.Stop = one.stop
	return one.settings, one.settings.Check()
}

// given reports whether a flag was given.
func (o *generateOptions) given(name string) (given bool) {
	o.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

// runLab generates the texts of all strategies, writes the page, and prints the measures.
func (o *generateOptions) runLab(ctx context.Context, saved *training.Saved, g *generation.Generator, strategies []lab.Strategy, s streams) error {
	if !o.given("samples") {
		o.samples = labSeeds
	}
	options := lab.Options{Strategies: strategies, Top: o.settings.TopLogprobs}
	for i := range uint64(o.samples) {
		options.Seeds = append(options.Seeds, o.settings.Seed+i)
	}
	switch text, err := trainingText(saved, s.err); {
	case err != nil:
		tell(s.err, fmt.Sprintf("copies of the training text are not looked for: %v", err))
	default:
		options.Training = strings.NewReader(text)
	}
	var bar *term.Progress
	options.Progress = func(done, total int) {
		if bar == nil {
			bar = term.New(s.err, total, "lab")
		}
		bar.Update(done, "")
	}
	l, err := lab.Run(ctx, g, o.prompt, options)
	bar.Done()
	if err != nil {
		return err
	}
	if err := runfile.WriteAtomic(o.lab, l.WriteHTML); err != nil {
		return err
	}
	tell(s.err, "the page is "+o.lab)
	if o.format == "json" {
		return printJSON(s.out, l)
	}
	_, err = fmt.Fprint(s.out, l)
	return err
}

// trainingText returns the text that the run was trained on.
func trainingText(saved *training.Saved, log io.Writer) (string, error) {
	if saved.Config.Data.Name == "" {
		return "", errors.New("the run was imported, and knows no corpus")
	}
	return lab.TrainingText(saved, log)
}
