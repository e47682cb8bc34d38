package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"euryale/data/tokenizer"
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
var notOfLab = []string{"interactive", "prompts", "logprobs", "stream", "output", "batch", "cache", "draft", "lookup", "guesses"}

// ofStrategies are the flags that a lab has for each of its strategies.
func ofStrategies() []string {
	return append(generation.DefaultOrder(), "processors", "beam", "beam-sample", "length-penalty", "coverage-penalty", "early-stop", "best-of", "mbr", "guidance")
}

func (o *generateOptions) checkLab() error {
	if o.lab == "" {
		if o.labSet != "" {
			return cli.Misusef("-lab-set %q says what -lab compares: give -lab FILE.html", o.labSet)
		}
		return nil
	}
	for _, name := range notOfLab {
		if o.Given(name) {
			return cli.Misusef("-lab has no use for -%s", name)
		}
	}
	for _, name := range ofStrategies() {
		if o.Given(name) && name != "min-tokens" {
			return cli.Misusef("-lab compares strategies: name -%s in one of them, as -lab-set \"greedy; %s=%s\"", name, name, o.Lookup(name).Value)
		}
	}
	if info, err := os.Stat(filepath.Dir(o.lab)); err != nil || !info.IsDir() {
		return cli.Misusef("-lab %s: there is no directory %s", o.lab, filepath.Dir(o.lab))
	}
	return nil
}

// labStrategy is a strategy of -lab-set, by name.
type labStrategy struct {
	name string
	*generateOptions
}

// labStrategies reads -lab-set. Each of its strategies is a list of the flags of decoding, without their
// dashes; what it does not set is off, except for lengths and ends, which are those of the command.
func (o *generateOptions) labStrategies() (all []labStrategy, err error) {
	if o.labSet == "" {
		return nil, nil
	}
	for item := range strings.SplitSeq(o.labSet, ";") {
		words := strings.Fields(item)
		if len(words) == 0 {
			continue
		}
		s := labStrategy{strings.Join(words, " "), nil}
		if s.generateOptions, err = o.strategy(words); err != nil {
			return nil, cli.Misusef("-lab-set %q: %w", s.name, err)
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, cli.Misusef("-lab-set %q lists no strategy: want them separated by semicolons, as \"greedy; top-p=0.9\"", o.labSet)
	}
	return all, nil
}

// strategy returns the options of one strategy of -lab-set.
func (o *generateOptions) strategy(words []string) (*generateOptions, error) {
	one := &generateOptions{Flags: cli.NewFlags("generate", "", "")}
	one.declareDecoding()
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
		return nil, err
	}
	for _, name := range []string{"seed", "samples"} {
		if one.Given(name) {
			return nil, fmt.Errorf("want -%s of the command, not of a strategy", name)
		}
	}
	return one, one.checkDecoding()
}

// resolved returns the strategies of a lab with a model's tokenizer: those of -lab-set, or a choice of them.
func (o *generateOptions) resolved(all []labStrategy, tk tokenizer.Tokenizer) ([]lab.Strategy, error) {
	if len(all) == 0 {
		return lab.Strategies(o.settings), nil
	}
	var of []lab.Strategy
	for _, s := range all {
		if err := s.resolve(tk); err != nil {
			return nil, fmt.Errorf("-lab-set %q: %w", s.name, err)
		}
		s.settings.Processors = o.settings.Processors
		of = append(of, lab.Strategy{Name: s.name, Settings: s.settings})
	}
	return of, nil
}

// runLab generates the texts of all strategies, writes the page, and prints the measures.
func (o *generateOptions) runLab(ctx context.Context, saved *training.Saved, g *generation.Generator, all []labStrategy, s streams) error {
	strategies, err := o.resolved(all, g.Tokenizer)
	if err != nil {
		return err
	}
	if !o.Given("samples") {
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
