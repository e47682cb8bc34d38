package command

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"euryale/generation"
	"euryale/internal/cli"
	"euryale/internal/runfile"
)

const explainIntro = `
explain draws what a trained model attends to while it reads a prompt and continues it: a
map for each head of each attention layer, a row for each token, a column for each token
that it attends to. It saves any value that the model computes, and shows what changes
if one of them is changed.`

const explainExamples = `
Examples
  explain -prompt "The Rays of Light" -attention att.svg      all layers
  explain -prompt "The Rays of Light" -attention att.svg -layer h0/att
  explain -prompt "The Rays of Light" -tap 'h*/att/weights' -tap-out att.npz
  explain -prompt "The Rays of Light" -intervene 'h1/att/head3 *= 0' -score text.txt
  explain -run runs/transformer-tatoeba-1 -prompt "I am hungry." -attention align.svg`

// explainOptions are the flags of explain.
type explainOptions struct {
	*cli.Flags
	model
	prompt, attention string
	layers            cli.List
	tokens            int
	page              pageOptions
	taps              tapOptions
}

func newExplainOptions() *explainOptions {
	o := &explainOptions{Flags: cli.NewFlags("explain", explainIntro, explainExamples)}
	o.Group("Model and text", func() {
		o.model.declare(o.Flags)
		o.StringVar(&o.prompt, "prompt", "", "`TEXT` text that the model reads")
		o.IntVar(&o.tokens, "tokens", 20, "`N` most tokens of the continuation, which is greedy (20)")
	})
	o.Group("The page", func() { o.page.declare(o.Flags) })
	o.Group("What to draw", func() {
		o.StringVar(&o.attention, "attention", "", "`FILE` draw the attention weights over the prompt and its continuation (SVG)")
		o.Var(&o.layers, "layer", "`PATH` layer to draw, as h0/att; may be repeated (all)")
	})
	o.Group("Values", func() { o.taps.declare(o.Flags) })
	o.Group("Machine", func() { o.model.declareMachine(o.Flags) })
	return o
}

func (o *explainOptions) check() error {
	switch {
	case o.attention == "" && o.page.out == "" && !o.taps.given():
		return cli.Misusef("there is nothing to draw: give -out DIR or -attention FILE.svg")
	case o.attention != "" && filepath.Ext(o.attention) != ".svg":
		return cli.Misusef("-attention %s: want a name that ends in .svg", o.attention)
	case o.prompt == "" && (o.attention != "" || o.page.out != ""):
		return cli.Misusef("there is no text to read: give -prompt TEXT")
	case o.tokens < 0:
		return cli.Misusef("-tokens %d: want 0 or more", o.tokens)
	}
	if o.taps.given() {
		if err := o.taps.check(o.prompt, o.page.from); err != nil {
			return err
		}
	}
	return o.page.check(o.Flags, o.taps.usesPatch())
}

func runExplain(args []string, s streams) int {
	o := newExplainOptions()
	return cli.Main(o.Flags, args, s.out, s.err, func(ctx context.Context) error { return explain(ctx, o, s) })
}

// explain prints the prompt as the model continues it, draws what it attends to, and saves values. With
// interventions the model computes with them.
func explain(ctx context.Context, o *explainOptions, s streams) error {
	if err := o.check(); err != nil {
		return err
	}
	saved, g, release, err := o.open(s.err)
	if err != nil {
		return err
	}
	defer release()
	clean := g
	if g, err = o.intervene(clean); err != nil {
		return err
	}
	if o.taps.score != "" {
		if err := o.printLoss(ctx, clean, g, s); err != nil || o.prompt == "" {
			return err
		}
	}
	prompt, text, continuation, err := o.read(ctx, g)
	if err != nil {
		return err
	}
	if g != clean && o.page.source == "" {
		_, without, _, err := o.read(ctx, clean)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.err, "without interventions: %s\n", without)
	}
	if o.taps.out != "" {
		if err := o.saveTaps(g, prompt, continuation, s.err); err != nil {
			return err
		}
	}
	if o.attention != "" {
		if err := o.drawAttention(g, prompt, continuation, s.err); err != nil {
			return err
		}
	}
	if o.page.out != "" {
		if err := o.writePage(ctx, saved, g, prompt, continuation, s.err); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(s.out, text)
	return err
}

// drawAttention writes the attention maps.
func (o *explainOptions) drawAttention(g *generation.Generator, prompt generation.Prompt, continuation []int, stderr io.Writer) error {
	maps, err := g.Attention(prompt, continuation, o.layers...)
	if err != nil {
		return err
	}
	err = runfile.WriteAtomic(o.attention, func(w io.Writer) error {
		_, err := io.WriteString(w, maps.SVG())
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%d attention maps are in %s\n", len(maps.Each), o.attention)
	return nil
}

// continued returns the greedy continuation of a prompt, and what to print of both. A prompt
// with hidden tokens is restored, and has none.
func (o *explainOptions) continued(ctx context.Context, g *generation.Generator, p generation.Prompt) (text string, tokens []int, err error) {
	if g.Format.Mask() >= 0 {
		r, err := g.Restore(p)
		return r.Text, nil, err
	}
	rs, err := g.Generate(ctx, p, generation.Settings{Tokens: o.tokens}, 1, nil)
	if err != nil {
		return "", nil, err
	}
	text = rs[0].Text
	if g.Format.End() < 0 {
		text = p.Text + text // a continuation, not an answer
	}
	return text, rs[0].Tokens, nil
}
