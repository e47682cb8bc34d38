package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"euryale/data/textfile"
	"euryale/generation"
	"euryale/internal/cli"
	"euryale/internal/kernel/matmul"
	"euryale/training"
)

// speed holds the flags that make generation faster and leave the distribution of texts as it is.
type speed struct {
	draft, cache string
	lookup       bool
	guesses      int
	guessed      generation.Speculated // of all answers
	tokens       int
}

// declareGuesses adds the flags of speculative decoding.
func (p *speed) declareGuesses(f *cli.Flags) {
	f.StringVar(&p.draft, "draft", "", "`DIR` a smaller run guesses tokens, which this one checks")
	f.BoolVar(&p.lookup, "lookup", false, "guess the tokens that followed the latest ones before")
	f.IntVar(&p.guesses, "guesses", 0, "`N` tokens guessed at a time (4)")
}

func (o *generateOptions) checkSpeed() error {
	given := "-draft"
	if o.lookup {
		given = "-lookup"
	}
	switch {
	case o.draft != "" && o.lookup:
		return cli.Misusef("-draft and -lookup exclude each other: tokens are guessed in one way")
	case o.guesses < 0:
		return cli.Misusef("-guesses %d: want 0 (the default) or more", o.guesses)
	case o.guesses > 0 && o.draft == "" && !o.lookup:
		return cli.Misusef("-guesses %d without a way to guess: give -draft DIR or -lookup too", o.guesses)
	case (o.draft != "" || o.lookup) && o.settings.Beams > 1:
		return cli.Misusef("%s and -beam %d exclude each other: beams are not guessed", given, o.settings.Beams)
	case o.cache != "" && o.interactive:
		return cli.Misusef("-cache and -interactive exclude each other: it is for -prompt and -prompts")
	}
	return nil
}

// checkDraft checks that the draft can guess the tokens of the run, before any weight is read.
func (o *generateOptions) checkDraft() (err error) {
	if o.draft == "" {
		return nil
	}
	if o.run == "" {
		if o.run, err = training.Newest("runs"); err != nil {
			return err
		}
	}
	return training.CheckDraft(o.run, o.draft)
}

// speculate opens the draft. The caller calls release when it has finished with it.
func (o *generateOptions) speculate(g *generation.Generator) (release func(), err error) {
	release = func() {}
	if o.draft == "" && !o.lookup {
		return release, nil
	}
	g.Speculation = &generation.Speculation{Tokens: o.guesses}
	if o.draft == "" {
		return release, generation.CheckSpeculation(g.Model, nil)
	}
	s, err := training.Open(o.draft, false)
	if err != nil {
		return release, err
	}
	if g.Speculation.Draft, err = s.Generator(); err != nil {
		return release, err
	}
	s.Weights.ReadOnly()
	s.Weights.Hold()
	return s.Weights.Release, nil
}

// count adds up how the tokens of an answer were guessed.
func (p *speed) count(r generation.Result) {
	if r.Speculation != nil {
		p.tokens += len(r.Tokens)
		p.guessed.Passes += r.Speculation.Passes
		p.guessed.Guessed += r.Speculation.Guessed
		p.guessed.Accepted += r.Speculation.Accepted
	}
}

// report prints how many guesses were right.
func (p *speed) report(stderr io.Writer) {
	if p.guessed.Passes > 0 {
		fmt.Fprintf(stderr, "guesses: %d of %d tokens accepted (%.1f %%); %.2f tokens a pass of the model\n", p.guessed.Accepted, p.guessed.Guessed,
			100*float64(p.guessed.Accepted)/float64(max(1, p.guessed.Guessed)), float64(p.tokens)/float64(p.guessed.Passes))
	}
}

// usePrefix reads the state in -cache, or makes the file.
func (p *printer) usePrefix(ctx context.Context, stderr io.Writer) error {
	if p.cache == "" {
		return nil
	}
	fingerprint, err := p.fingerprint()
	if err != nil {
		return err
	}
	fingerprint += " " + string(matmul.InUse())
	_, err = os.Stat(p.cache)
	if found := err == nil; found {
		if err := p.gen.LoadPrefix(p.cache, fingerprint); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	shared, prompts, err := p.sharedTokens(ctx)
	if err != nil {
		return err
	}
	if known, of := p.gen.PrefixOf(generation.Prompt{Tokens: append(shared, 0)}); of > 0 {
		if known == 0 && len(shared) > 0 {
			fmt.Fprintf(stderr, "note: the state in %s is of %d tokens with which no prompt begins: delete it, and it is made anew\n", p.cache, of)
		} else {
			fmt.Fprintf(stderr, "%s: the state after %d tokens is used\n", p.cache, known)
		}
		return nil
	}
	if len(shared) == 0 {
		fmt.Fprintf(stderr, "note: the %d prompts begin with no common tokens, so that %s is not written\n", prompts, p.cache)
		return nil
	}
	if err := p.gen.Prefix(shared); err != nil {
		return err
	}
	return p.gen.SavePrefix(p.cache, fingerprint)
}

// sharedTokens returns the tokens that all prompts begin with, and the number of prompts. Those that
// cannot be read are reported later. The last token of a prompt is not among them: it is read for what
// follows it.
func (p *printer) sharedTokens(ctx context.Context) (shared []int, prompts int, err error) {
	add := func(text string) error {
		prompt, err := p.onePrompt(text)
		if err != nil {
			return nil
		}
		tokens := prompt.Tokens[:len(prompt.Tokens)-1]
		if most := p.gen.Model.Common().Context; len(tokens) > most && !p.gen.Endless() {
			return fmt.Errorf("-cache: a prompt of %d tokens is longer than the context of %d, so that only its end is read: shorten it", len(tokens)+1, most)
		}
		if prompts++; prompts == 1 {
			shared = tokens
			return nil
		}
		n := 0
		for n < min(len(shared), len(tokens)) && shared[n] == tokens[n] {
			n++
		}
		shared = shared[:n]
		return nil
	}
	if p.prompts == "" {
		return shared, prompts, errors.Join(add(p.prompt), ctx.Err())
	}
	f, err := textfile.Open(p.prompts)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	next := linesOf(ctx, f)
	for {
		line, err := next()
		if errors.Is(err, io.EOF) {
			return shared, prompts, nil
		}
		if err == nil {
			err = add(line)
		}
		if err != nil {
			return nil, 0, err
		}
	}
}
