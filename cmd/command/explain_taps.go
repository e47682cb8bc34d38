package command

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"euryale/data/textfile"
	"euryale/generation"
	"euryale/inspect"
	"euryale/internal/cli"
	"euryale/internal/term"
)

// tapOptions are the flags of values that are read and changed.
type tapOptions struct {
	patterns, changes cli.List
	out, score        string
	interventions     []inspect.Intervention
}

func (o *tapOptions) declare(f *cli.Flags) {
	f.Var(&o.changes, "intervene", "`'PATH OP VALUE'` change a value, as 'h1/att/head3 *= 0'; may be repeated")
	f.Var(&o.patterns, "tap", "`PATTERN` values to save, as 'h*/att/weights'; may be repeated")
	f.StringVar(&o.out, "tap-out", "", "`FILE` where they are saved (.npz or .safetensors)")
	f.StringVar(&o.score, "score", "", "`FILE` print the loss on a text, with and without interventions")
}

// given reports whether a flag asks for something to be done.
func (o *tapOptions) given() bool {
	return o.out != "" || o.score != "" || len(o.changes) > 0 || len(o.patterns) > 0
}

// usesPatch reports whether an intervention takes values from -patch-from.
func (o *tapOptions) usesPatch() bool {
	return slices.ContainsFunc(o.interventions, func(v inspect.Intervention) bool { return v.Value.Of == inspect.Patch })
}

// check returns an error if the flags do not fit together, and parses the interventions.
func (o *tapOptions) check(prompt, from string) error {
	for _, text := range o.changes {
		v, err := inspect.Parse(text)
		if err != nil {
			return cli.Misusef("-intervene: %v", err)
		}
		o.interventions = append(o.interventions, v)
	}
	switch {
	case len(o.patterns) > 0 && o.out == "":
		return cli.Misusef("-tap needs a file to save to: give -tap-out FILE.npz")
	case len(o.patterns) == 0 && o.out != "":
		return cli.Misusef("-tap-out needs values to save: give -tap PATTERN, as 'h*/att/weights'")
	case o.out != "" && inspect.CheckFile(o.out) != nil:
		return cli.Misusef("-tap-out %v", inspect.CheckFile(o.out))
	case prompt == "" && (len(o.patterns) > 0 || o.score == ""):
		return cli.Misusef("there is no text to read: give -prompt TEXT")
	case o.usesPatch() && (from == "" || prompt == ""):
		return cli.Misusef("an intervention takes a patch: give -prompt TEXT and -patch-from TEXT, which is as long")
	}
	return nil
}

// intervene returns a generator with the interventions, which refer to the prompt, or if there is none
// to the beginning of the text of -score.
func (o *explainOptions) intervene(g *generation.Generator) (changed *generation.Generator, err error) {
	if len(o.taps.interventions) == 0 {
		return g, nil
	}
	t := inspect.Text{More: o.tokens}
	switch {
	case o.page.source != "":
		t.Prompt, err = g.Prompt(o.page.source)
	case o.prompt != "":
		t.Prompt, err = g.Prompt(o.prompt)
	default:
		t.More = 0
		t.Prompt, err = o.scored(g)
	}
	if err == nil && o.page.from != "" {
		t.Patch, err = g.Prompt(o.page.from)
	}
	if err != nil {
		return nil, err
	}
	return inspect.Open(g, t, o.taps.interventions...)
}

// scored returns the beginning of the text of -score, at most as long as the context.
func (o *explainOptions) scored(g *generation.Generator) (generation.Prompt, error) {
	text, _, err := textfile.ReadFile(o.taps.score)
	if err != nil {
		return generation.Prompt{}, err
	}
	p, err := generation.Plain(g.Tokenizer, text)
	p.Tokens = p.Tokens[:min(len(p.Tokens), g.Model.Common().Context)]
	return p, err
}

// saveTaps saves values over the prompt and its continuation.
func (o *explainOptions) saveTaps(g *generation.Generator, p generation.Prompt, continuation []int, stderr io.Writer) error {
	p.Tokens = slices.Concat(p.Tokens, continuation)
	p.Tokens = p.Tokens[:min(len(p.Tokens), g.Model.Common().Context)]
	v, err := inspect.Read(g, p, o.taps.patterns...)
	if err != nil {
		return err
	}
	if err := v.Save(o.taps.out); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%d values over %d tokens are in %s\n", len(v.Names), len(p.Tokens), o.taps.out)
	return nil
}

// printLoss prints the loss on the text of -score, and with interventions what they change of it.
func (o *explainOptions) printLoss(ctx context.Context, g, changed *generation.Generator, s streams) error {
	text, note, err := textfile.ReadFile(o.taps.score)
	if err != nil {
		return err
	}
	tell(s.err, note)
	if err := o.checkScored(g, text); err != nil {
		return err
	}
	clean, err := scoreWithBar(ctx, g, text, s.err)
	if err != nil {
		return fmt.Errorf("%s: %w", o.taps.score, err)
	}
	fmt.Fprintf(s.out, "%d tokens\n%.4f nats per token\n", clean.Tokens, clean.NLLPerToken)
	if changed == g {
		return nil
	}
	with, err := scoreWithBar(ctx, changed, text, s.err)
	if err != nil {
		return fmt.Errorf("%s: %w", o.taps.score, err)
	}
	_, err = fmt.Fprintf(s.out, "%.4f with interventions (%+.4f)\n", with.NLLPerToken, with.NLLPerToken-clean.NLLPerToken)
	return err
}

// checkScored refuses positions in a text that is scored in windows, each of which begins at 0.
func (o *explainOptions) checkScored(g *generation.Generator, text string) error {
	ids, err := g.Tokenizer.Encode(text)
	if err != nil {
		return err
	}
	s, err := generation.NewStepper(g.Model, g.Weights, 1)
	if err != nil {
		return err
	}
	if s.Room() == 0 || len(ids)-1 <= s.Room() {
		return nil
	}
	for _, v := range o.taps.interventions {
		if v.At != "" || v.Value.Of == inspect.Patch {
			return fmt.Errorf("%s has %d tokens and is scored in windows of %d, in which the positions of %q would be others: score a shorter text", filepath.Base(o.taps.score), len(ids), s.Room(), v)
		}
	}
	return nil
}

func scoreWithBar(ctx context.Context, g *generation.Generator, text string, stderr io.Writer) (generation.Score, error) {
	bar := term.New(stderr, 100, "scoring")
	defer bar.Done()
	return g.Score(ctx, text, 0, func(done, total int) { bar.Update(100*done/total, "") })
}
