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
  generate -prompts in.txt -output out.jsonl -format json    resumes after a kill
  generate -prompt "To be" -samples 5 -seed 7    five continuations side by side
The same seed gives the same text.`

// manySteps is from how many tokens on it pays to arrange float32 weights for products first.
const manySteps = 256

// generateOptions are the flags of generate.
type generateOptions struct {
	*cli.Flags
	model
	prompt, prompts, format       string
	output                        string
	batch                         int
	interactive, logprobs, stream bool
	samples                       int
	decoding
	lab, labSet       string
	constraints       constraintFlags
	newKey, keyMethod string
	speed
}

// newGenerateOptions returns the flags; prefix is what to type before the name of another
// command.
func newGenerateOptions(prefix string) *generateOptions {
	o := &generateOptions{Flags: cli.NewFlags("generate", generateIntro, generateExamples)}
	o.Group("Model and prompts", func() {
		o.model.declare(o.Flags)
		o.model.declareEnsemble(o.Flags)
		o.StringVar(&o.prompt, "prompt", "", "`TEXT` text to continue")
		o.StringVar(&o.prompts, "prompts", "", "`FILE` prompts, one on each line, answered side by side")
		o.IntVar(&o.batch, "batch", 0, "`N` of -prompts at once (16)")
		o.StringVar(&o.output, "output", "", "`FILE` answers of -prompts; the same command continues it after a kill")
		o.BoolVar(&o.interactive, "interactive", false, "continue each line of standard input; dialogues: a conversation")
		o.StringVar(&o.cache, "cache", "", "`FILE` keeps the state after what prompts begin with, for later calls")
	})
	o.declareDecoding()
	o.Group("Constraints", func() { o.constraints.declare(o.Flags) })
	o.Group("Output", func() {
		o.StringVar(&o.format, "format", "text", "`FORMAT` output: text, or json, an object a line (text)")
		o.BoolVar(&o.logprobs, "logprobs", false, "with json, the log-probability of each token in nats")
		o.IntVar(&o.settings.TopLogprobs, "top-logprobs", 0, "`N` and of N alternatives, with ranks and what each processor cut")
		o.BoolVar(&o.stream, "stream", true, "print a single continuation while it is generated (true)")
		o.StringVar(&o.lab, "lab", "", "`FILE` page (HTML) that compares strategies, by -samples seeds (3)")
		o.StringVar(&o.labSet, "lab-set", "", "`LIST` the strategies, as \"greedy; top-k=9; beam=4\"")
	})
	o.Group("Machine", func() { o.model.declareMachine(o.Flags) })
	o.declareNewKey()
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
	case o.settings.TopLogprobs > 0 && o.format != "json":
		return cli.Misusef("-top-logprobs %d goes with -format json", o.settings.TopLogprobs)
	case o.output != "" && o.prompts == "" && o.lab == "":
		return cli.Misusef("-output %s: it is for the answers of -prompts FILE; redirect those of a single prompt with >", o.output)
	case o.batch < 0:
		return cli.Misusef("-batch %d: want 0 (the default) or more", o.batch)
	case o.samples < 1:
		return cli.Misusef("-samples %d: want at least 1", o.samples)
	}
	for _, check := range []func() error{o.checkLab, o.checkDecoding, o.checkSpeed} {
		if err := check(); err != nil {
			return err
		}
	}
	return o.constraints.check(o.Flags)
}

func generate(ctx context.Context, o *generateOptions, s streams) error {
	if o.newKey != "" || o.keyMethod != "" {
		return o.makeKey(s)
	}
	if err := o.check(); err != nil {
		return err
	}
	strategies, err := o.labStrategies()
	if err != nil {
		return err
	}
	if o.processors == showChain {
		chain, err := o.settings.Chain()
		if err == nil {
			_, err = fmt.Fprintln(s.out, o.withConstraint(chain.String()))
		}
		return err
	}
	if err := o.checkDraft(); err != nil {
		return err
	}
	if err := o.constrain(); err != nil {
		return err
	}
	saved, g, release, err := o.open(s.err)
	if err != nil {
		return err
	}
	defer release()
	if o.prompts != "" || o.interactive || o.samples*o.settings.Tokens >= manySteps {
		g.Weights.Reuse()
	}
	release, err = o.speculate(g)
	if err != nil {
		return err
	}
	defer release()
	if o.watermark != "" && g.Format.Mask() >= 0 {
		return cli.Misusef("-watermark marks texts that the model continues, and the model restores hidden tokens")
	}
	if len(o.settings.Processors) == 0 { // constraints have resolved them
		if err := o.resolve(g.Tokenizer); err != nil {
			return err
		}
	}
	if o.lab != "" {
		return o.runLab(ctx, saved, g, strategies, s)
	}
	p := &printer{generateOptions: o, gen: g, out: &checkedWriter{w: s.out}, told: s.err}
	if err := p.usePrefix(ctx, s.err); err != nil {
		return err
	}
	defer o.speed.report(s.err)
	switch {
	case o.interactive:
		return p.interact(ctx, s)
	case o.prompts != "":
		return p.file(ctx, s.err)
	}
	return p.answer(ctx, o.prompt)
}
