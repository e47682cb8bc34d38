// Command generate makes texts with a trained model, or says how likely a text is.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"euryale/generation"
	"euryale/internal/cli"
	"euryale/internal/term"
	"euryale/training"
)

const intro = `
generate makes texts with a trained model: continuations of a prompt, drawn token by token.`

const examples = `
Examples
  generate -prompt "The Rays of Light"           continue with the newest run
  generate -run runs/gpt-opticks-1 -tokens 500 -temperature 0.7 -top-p 0.9
  generate -prompts prompts.txt -format json     a prompt a line, an object a line
  generate -prompt "To be" -samples 5 -seed 7    five continuations side by side
  generate -interactive                          a prompt from each line typed
  generate -prompt "To be" -attention att.svg    a picture of what each token looked at
  generate -score book.txt                       how likely the text is under the model

Temperature 0 always takes the likeliest token. The same seed gives the same text.`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// options are the flags.
type options struct {
	*cli.Flags
	run, prompt, prompts, score, format string
	interactive, last, logprobs, stream bool
	samples, stride                     int
	settings                            generation.Settings
	stop, look                          cli.List
	attention, precision                string
	machine                             cli.Machine
}

func newOptions() *options {
	o := &options{Flags: cli.NewFlags("generate", intro, examples)}
	o.Group("What to do", func() {
		o.StringVar(&o.run, "run", "", "`DIR` of the run; default: the newest in runs")
		o.BoolVar(&o.last, "last", false, "use the run's last weights instead of its best")
		o.StringVar(&o.prompt, "prompt", "", "`TEXT` to continue")
		o.StringVar(&o.prompts, "prompts", "", "`FILE` with a prompt on each line")
		o.BoolVar(&o.interactive, "interactive", false, "continue each line of standard input")
		o.StringVar(&o.attention, "attention", "", "`FILE` (.svg) to draw what each token looked at in, of -prompt and what continues it")
		o.Var(&o.look, "layer", "`PATH` of a layer that -attention draws, as h0/att; may be repeated; default: all")
		o.StringVar(&o.score, "score", "", "`FILE` whose likelihood under the model is printed")
		o.IntVar(&o.stride, "stride", 0, "`N` tokens that -score moves its window by; 0: half the context")
	})
	o.Group("How tokens are drawn", func() {
		o.IntVar(&o.settings.Tokens, "tokens", 200, "`N`, the most tokens of a continuation")
		o.IntVar(&o.settings.MinTokens, "min-tokens", 0, "`N` tokens before an end or a stop text")
		o.IntVar(&o.samples, "samples", 1, "`N` continuations of each prompt")
		o.Float64Var(&o.settings.Temperature, "temperature", 0.8, "`T` of the softmax; 0: always the likeliest token")
		o.IntVar(&o.settings.TopK, "top-k", 0, "`K` likeliest tokens to draw from; 0: all")
		o.Float64Var(&o.settings.TopP, "top-p", 0.95, "`P`, the share that the tokens drawn from hold together; 0: all")
		o.Float64Var(&o.settings.MinP, "min-p", 0, "`P`, least share of a token drawn, as a part of the likeliest's")
		o.Float64Var(&o.settings.RepetitionPenalty, "repetition-penalty", 1, "`X` by which tokens seen before are less likely; 1: none")
		o.IntVar(&o.settings.NoRepeat, "no-repeat", 0, "`N`: no sequence of N tokens occurs twice; 0: any may")
		o.IntVar(&o.settings.Beams, "beam", 0, "`N` beams searched for the likeliest text; nothing is drawn at random")
		o.Float64Var(&o.settings.LengthPenalty, "length-penalty", 1, "`X`: a beam's log-probability is divided by its length to this power")
		o.Var(&o.stop, "stop", "`TEXT` that ends a continuation; may be repeated")
		o.Uint64Var(&o.settings.Seed, "seed", 1, "`N` that the draw follows from")
	})
	o.Group("Output", func() {
		o.StringVar(&o.format, "format", "text", "`FORMAT`: text, or json (an object a line)")
		o.BoolVar(&o.logprobs, "logprobs", false, "with json: the log-probability of each token, in nats")
		o.BoolVar(&o.stream, "stream", true, "print a single continuation as it is made")
	})
	o.Group("Machine", func() {
		o.machine.Declare(o.Flags)
		o.StringVar(&o.precision, "precision", "", "`highest|high|medium|int8`: how exact products are; int8 rounds weights to 8 bits; default: as in the run's training")
	})
	return o
}

func run(args []string, stdin io.Reader, stdout, stderr *os.File) int {
	o := newOptions()
	return cli.Main(o.Flags, args, stdout, stderr, func(ctx context.Context) error {
		return generate(ctx, o, stdin, stdout, stderr)
	})
}

func (o *options) check() error {
	ways := 0
	for _, given := range []bool{o.prompt != "", o.prompts != "", o.interactive, o.score != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return cli.Misusef("-prompt, -prompts, -interactive and -score exclude each other")
	case o.format != "text" && o.format != "json":
		return cli.Misusef("-format %s: want text or json", o.format)
	case o.samples < 1:
		return cli.Misusef("-samples %d: want at least 1", o.samples)
	case o.settings.Beams > 0 && o.samples > o.settings.Beams:
		return cli.Misusef("-samples %d of -beam %d: want at most as many", o.samples, o.settings.Beams)
	}
	if err := o.checkAttention(); err != nil {
		return err
	}
	o.settings.Stop = o.stop
	if err := o.settings.Check(); err != nil {
		return &cli.Usage{Err: err}
	}
	return nil
}

func generate(ctx context.Context, o *options, stdin io.Reader, stdout, stderr *os.File) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.run == "" {
		dir, err := training.Newest("runs")
		if err != nil {
			return err
		}
		o.run = dir
	}
	saved, err := training.Open(o.run, o.last)
	if err != nil {
		return err
	}
	if err := o.machine.Use(stderr); err != nil {
		return err
	}
	if o.precision == "" {
		o.precision = saved.Config.Training.Precision
	}
	if err := cli.Precision(stderr, o.precision); err != nil {
		return err
	}
	if saved.Weights != nil { // one layout for all texts
		saved.Weights.Hold()
		defer saved.Weights.Release()
	}
	gen, err := saved.Generator()
	if err != nil {
		return err
	}
	p := &printer{options: o, gen: gen, out: stdout}
	switch {
	case o.score != "":
		return p.scoreFile(ctx, stderr)
	case o.interactive:
		return p.lines(ctx, stdin)
	case o.prompts != "":
		f, err := os.Open(o.prompts)
		if err != nil {
			return err
		}
		defer f.Close()
		return p.lines(ctx, f)
	}
	return p.answer(ctx, o.prompt)
}

// printer prints what the generator makes.
type printer struct {
	*options
	gen *generation.Generator
	out io.Writer
}

// lines answers each line of r.
func (p *printer) lines(ctx context.Context, r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if prompt := strings.TrimRight(line, "\r\n"); line != "" {
			if err := p.answer(ctx, prompt); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// answer prints the continuations of one prompt.
func (p *printer) answer(ctx context.Context, text string) error {
	prompt, err := p.gen.Prompt(text)
	if err != nil {
		return err
	}
	if p.gen.Format.Mask() >= 0 {
		return p.restore(prompt)
	}
	live := p.format == "text" && p.samples == 1 && p.stream && p.settings.Beams <= 1
	var stream func(int, string)
	echo := text
	if p.gen.Format.End() >= 0 {
		echo = "" // an answer, not a continuation
	}
	if live {
		fmt.Fprint(p.out, echo)
		stream = func(_ int, piece string) { fmt.Fprint(p.out, piece) }
	}
	results, err := p.gen.Generate(ctx, prompt, p.settings, p.samples, stream)
	if live {
		fmt.Fprintln(p.out)
	}
	if err != nil {
		return err
	}
	for _, r := range results {
		switch {
		case p.format == "json":
			if err := p.object(r); err != nil {
				return err
			}
		case !live:
			fmt.Fprintln(p.out, echo+r.Text)
			if len(results) > 1 && r.Index < len(results)-1 {
				fmt.Fprintln(p.out, "---")
			}
		}
	}
	if p.attention != "" {
		return p.drawAttention(prompt, results[0].Tokens)
	}
	return nil
}

// restore prints a prompt with its hidden tokens in the model's words.
func (p *printer) restore(prompt generation.Prompt) error {
	r, err := p.gen.Restore(prompt)
	if err != nil {
		return err
	}
	if p.format == "json" {
		err = p.object(r)
	} else {
		_, err = fmt.Fprintln(p.out, r.Text)
	}
	if err != nil || p.attention == "" {
		return err
	}
	return p.drawAttention(prompt, nil)
}

func (p *printer) object(r generation.Result) error {
	if !p.logprobs {
		r.Logprobs = nil
	}
	return printJSON(p.out, r)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// scoreFile prints how likely a file's text is.
func (p *printer) scoreFile(ctx context.Context, stderr *os.File) error {
	raw, err := os.ReadFile(p.score)
	if err != nil {
		return err
	}
	bar := term.New(stderr, 100, "scoring")
	s, err := p.gen.Score(ctx, string(raw), p.stride, func(done, total int) { bar.Update(100*done/total, "") })
	bar.Done()
	if err != nil {
		return fmt.Errorf("%s: %w", p.score, err)
	}
	if p.format == "json" {
		return printJSON(p.out, s)
	}
	_, err = fmt.Fprintf(p.out, "%d tokens, %d characters, %d bytes\n%.4f nats per token, perplexity %.3f\n%.4f bits per byte, %.4f bits per character\n",
		s.Tokens, s.Chars, s.Bytes, s.NLLPerToken, s.Perplexity, s.BitsPerByte, s.BitsPerChar)
	return err
}
