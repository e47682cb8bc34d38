package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/generation"
	"euryale/inspect/page"
	"euryale/inspect/view"
	"euryale/internal/cli"
	"euryale/internal/runfile"
	"euryale/internal/term"
	"euryale/models"
	"euryale/training"
)

// sampleSequences is the number of validation sequences that the views of other text read.
const sampleSequences = 24

// pageOptions are the flags of the page.
type pageOptions struct {
	out, source          string
	token, against, from string
	at                   int
}

func (p *pageOptions) declare(f *cli.Flags) {
	f.StringVar(&p.out, "out", "", "`DIR` write the page of all views, index.html, and their pictures (SVG)")
	f.StringVar(&p.source, "source", "", "`TEXT` source of an encoder–decoder; -prompt is then its answer")
	f.IntVar(&p.at, "at", -1, "`N` position whose prediction is explained, from 0 (the last)")
	f.StringVar(&p.token, "token", "", "`TEXT` token that is explained there (that of the text)")
	f.StringVar(&p.against, "against", "", "`TEXT` token that it is compared with")
	f.StringVar(&p.from, "patch-from", "", "`TEXT` prompt as long as -prompt, whose values are patched in")
}

// check returns an error if a flag of the page is given without -out, unless an intervention patches values in.
func (p *pageOptions) check(f *cli.Flags, patches bool) error {
	if p.out != "" {
		return nil
	}
	for _, name := range []string{"at", "token", "against", "patch-from"} {
		if f.Given(name) && !(patches && name == "patch-from") {
			return cli.Misusef("-%s is for the page: give -out DIR", name)
		}
	}
	return nil
}

// read returns the prompt, and the greedy continuation unless -source gives the answer.
func (o *explainOptions) read(ctx context.Context, g *generation.Generator) (p generation.Prompt, text string, continuation []int, err error) {
	reads := models.SourceOf(g.Model) > 0
	switch {
	case o.page.source != "" && !reads:
		return p, "", nil, fmt.Errorf("the model reads no source: leave -source out, or explain a run of an encoder–decoder")
	case o.page.source != "":
		if p, err = g.Prompt(o.page.source); err != nil {
			return p, "", nil, err
		}
		continuation, err = g.Tokenizer.EncodeNext(o.prompt)
		return p, o.prompt, continuation, err
	}
	if p, err = g.Prompt(o.prompt); err != nil {
		return p, "", nil, err
	}
	text, continuation, err = o.continued(ctx, g, p)
	return p, text, continuation, err
}

// writePage writes the page and its pictures.
func (o *explainOptions) writePage(ctx context.Context, saved *training.Saved, g *generation.Generator, p generation.Prompt, continuation []int, stderr io.Writer) error {
	t, err := view.New(g, p, continuation)
	if err != nil {
		return err
	}
	options := page.Options{About: fmt.Sprintf("%s, %d parameters · %s", o.run, g.Weights.Count(), g.Tokenizer.Kind())}
	if options.Output, err = o.output(g, t); err != nil {
		return err
	}
	if options.Sample, err = page.Sample(saved, sampleSequences, stderr); err != nil {
		tell(stderr, fmt.Sprintf("views of other text are left out: %v", err))
	}
	if err := o.patch(g, p, &options); err != nil {
		return err
	}
	var bar *term.Progress
	options.Progress = func(done, total int, name string) {
		if bar == nil {
			bar = term.New(stderr, total, "views")
		}
		bar.Update(done, name)
	}
	built, err := page.Build(ctx, t, options)
	bar.Done()
	if err != nil {
		return err
	}
	return o.writeFiles(built, stderr)
}

// patch sets the prompts of activation patching. With -token or -at, the output is the one that they choose.
func (o *explainOptions) patch(g *generation.Generator, p generation.Prompt, options *page.Options) error {
	if o.page.from == "" {
		return nil
	}
	from, err := g.Prompt(o.page.from)
	if err != nil {
		return fmt.Errorf("-patch-from: %w", err)
	}
	if options.Corrupted, err = view.New(g, p, nil); err != nil {
		return err
	}
	if options.Clean, err = view.New(g, from, nil); err != nil {
		return err
	}
	if a, b := len(options.Corrupted.Tokens), len(options.Clean.Tokens); a != b || len(from.Source) != len(p.Source) {
		return fmt.Errorf("-patch-from %q has %d tokens and -prompt %d (sources: %d and %d): want prompts of equal lengths", o.page.from, b, a, len(from.Source), len(p.Source))
	}
	if o.page.token != "" || o.Given("at") {
		options.Patched = options.Output
		return nil
	}
	options.Patched, err = view.Contrast(options.Corrupted, options.Clean)
	return err
}

// writeFiles writes index.html, and an SVG of each view.
func (o *explainOptions) writeFiles(p *page.Page, stderr io.Writer) error {
	dir := o.page.out
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	shown := 0
	for _, s := range p.Sections {
		if !s.Fits() {
			continue
		}
		shown++
		err := runfile.WriteAtomic(filepath.Join(dir, s.Name+".svg"), func(w io.Writer) error {
			_, err := io.WriteString(w, s.Figure.SVG())
			return err
		})
		if err != nil {
			return err
		}
	}
	file := filepath.Join(dir, "index.html")
	if err := runfile.WriteAtomic(file, p.WriteHTML); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%d of %d views fit the model: the page is %s\n", shown, len(p.Sections), file)
	return nil
}

// output returns the prediction that the flags choose: by default the last one of the text.
func (o *explainOptions) output(g *generation.Generator, t *view.Text) (out view.Output, err error) {
	out = view.Output{At: o.page.at, Token: -1, Against: -1}
	if out.At == -1 && !o.Given("at") {
		for at, id := range t.Targets {
			if id >= 0 || o.page.token != "" {
				out.At = at
			}
		}
	}
	if out.At == -1 && !o.Given("at") {
		return out, nil // views of an output say that there is none
	}
	if o.page.token == "" {
		if out, err = t.Next(out.At); err != nil {
			return out, err
		}
	} else if out.Token, err = oneToken(g, "token", o.page.token); err != nil {
		return out, err
	}
	if o.page.against != "" {
		if out.Against, err = oneToken(g, "against", o.page.against); err != nil {
			return out, err
		}
	}
	return out, out.Check(t)
}

// oneToken returns the id of a text that is one token.
func oneToken(g *generation.Generator, flag, text string) (int, error) {
	ids, err := g.Tokenizer.EncodeNext(text)
	if err != nil {
		return 0, fmt.Errorf("-%s: %w", flag, err)
	}
	if len(ids) != 1 {
		return 0, fmt.Errorf("-%s %q is %d tokens, want one", flag, text, len(ids))
	}
	return ids[0], nil
}
