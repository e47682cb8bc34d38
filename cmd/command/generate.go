package command

import (
	"context"
	"fmt"

	"euryale/internal/cli"
)

const generateIntro = `
generate generates texts with a trained model: continuations of a prompt, token by token.`

const generateExamples = `
Examples
  generate -prompt "The Rays of Light"           continue with the newest run
  generate -run runs/gpt-opticks-1 -tokens 500 -temperature 0.7 -top-p 0.9
  generate -prompts prompts.txt -format json     a prompt a line, an object a line
  generate -prompt "To be" -samples 5 -seed 7    five continuations side by side
The same seed gives the same text.`

// generateOptions are the flags of generate.
type generateOptions struct {
	*cli.Flags
	model
	prompt, prompts, format       string
	interactive, logprobs, stream bool
	samples                       int
	decoding
	constraints constraintFlags
}

// newGenerateOptions returns the flags; prefix is what to type before the name of another
// command.
func newGenerateOptions(prefix string) *generateOptions {
	o := &generateOptions{Flags: cli.NewFlags("generate", generateIntro, generateExamples)}
	o.Group("Model and prompts", func() {
		o.model.declare(o.Flags)
		o.StringVar(&o.prompt, "prompt", "", "`TEXT` text to continue")
		o.StringVar(&o.prompts, "prompts", "", "`FILE` prompts, one on each line")
		o.BoolVar(&o.interactive, "interactive", false, "continue each line of standard input; dialogues: a conversation")
	})
	o.Group("Decoding", func() { o.declareDecoding() })
	o.Group("Constraints", func() { o.constraints.declare(o.Flags) })
	o.Group("Output", func() {
		o.StringVar(&o.format, "format", "text", "`FORMAT` output: text, or json, an object a line (text)")
		o.BoolVar(&o.logprobs, "logprobs", false, "log-probabilities of tokens in it")
		o.Join("format", "logprobs")
		o.BoolVar(&o.stream, "stream", true, "print a single continuation while it is generated (true)")
	})
	o.Group("Machine", func() { o.model.declareMachine(o.Flags) })
	o.Moved("score", prefix+"evaluate -score FILE")
	o.Moved("stride", prefix+"evaluate -score FILE -stride N")
	o.Moved("attention", prefix+"explain -prompt TEXT -attention FILE.svg")
	o.Moved("layer", prefix+"explain -prompt TEXT -attention FILE.svg -layer PATH")
	return o
}

func runGenerate(args []string, s streams) int {
	o := newGenerateOptions(s.prefix)
	return cli.Main(o.Flags, args, s.out, s.err, func(ctx context.Context) error { return generate(ctx, o, s) })
}

func (o *generateOptions) check() error {
	ways := 0
	for _, given := range []bool{o.prompt != "", o.prompts != "", o.interactive} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return cli.Misusef("-prompt, -prompts and -interactive exclude each other")
	case o.format != "text" && o.format != "json":
		return cli.Misusef("-format %s: want text or json", o.format)
	case o.samples < 1:
		return cli.Misusef("-samples %d: want at least 1", o.samples)
	}
	if err := o.checkDecoding(); err != nil {
		return err
	}
	return o.constraints.check(o.Flags)
}

func generate(ctx context.Context, o *generateOptions, s streams) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.processors == showChain {
		chain, err := o.settings.Chain()
		if err == nil {
			_, err = fmt.Fprintln(s.out, o.withConstraint(chain.String()))
		}
		return err
	}
	if err := o.constrain(); err != nil {
		return err
	}
	_, g, release, err := o.open(s.err)
	if err != nil {
		return err
	}
	defer release()
	if len(o.settings.Processors) == 0 { // constraints have resolved them
		if err := o.resolve(g.Tokenizer); err != nil {
			return err
		}
	}
	p := &printer{generateOptions: o, gen: g, out: &checkedWriter{w: s.out}}
	switch {
	case o.interactive:
		return p.interact(ctx, s)
	case o.prompts != "":
		return p.file(ctx, s.err)
	}
	return p.answer(ctx, o.prompt)
}
