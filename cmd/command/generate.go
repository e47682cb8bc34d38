package command

import (
	"context"

	"euryale/generation"
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
  generate -prompt "To be" -lab lab.html         strategies compared on a page
The same seed gives the same text.`

// generateOptions are the flags of generate.
type generateOptions struct {
	*cli.Flags
	model
	prompt, prompts, format       string
	interactive, logprobs, stream bool
	samples                       int
	settings                      generation.Settings
	stop                          cli.List
	lab, labSet                   string
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
	o.Group("Sampling", func() { o.declareSampling() })
	o.Group("Output", func() {
		o.StringVar(&o.format, "format", "text", "`FORMAT` output: text, or json, an object a line (text)")
		o.BoolVar(&o.logprobs, "logprobs", false, "with json, the log-probability of each token in nats")
		o.IntVar(&o.settings.TopLogprobs, "top-logprobs", 0, "`N` and with N alternatives, its rank, and what each processor cut")
		o.Join("logprobs", "top-logprobs")
		o.BoolVar(&o.stream, "stream", true, "print a single continuation while it is generated (true)")
	})
	o.Group("Decoding lab", func() {
		o.StringVar(&o.lab, "lab", "", "`FILE` compare strategies on a page (HTML), each with -samples seeds (3)")
		o.StringVar(&o.labSet, "lab-set", "", "`LIST` its strategies, as \"greedy; temperature=0.7 top-k=40; beam=4\" (a choice)")
	})
	o.Group("Machine", func() { o.model.declareMachine(o.Flags) })
	o.Moved("score", prefix+"evaluate -score FILE")
	o.Moved("stride", prefix+"evaluate -score FILE -stride N")
	o.Moved("attention", prefix+"explain -prompt TEXT -attention FILE.svg")
	o.Moved("layer", prefix+"explain -prompt TEXT -attention FILE.svg -layer PATH")
	return o
}

func (o *generateOptions) declareSampling() {
	o.IntVar(&o.settings.Tokens, "tokens", 200, "`N` most tokens of a continuation (200)")
	o.DurationVar(&o.settings.MaxTime, "max-time", 0, "`D` most time for a prompt, as 5s (0: no limit)")
	o.Join("tokens", "max-time")
	o.IntVar(&o.settings.MinTokens, "min-tokens", 0, "`N` least tokens before an end token or a stop text (0)")
	o.IntVar(&o.samples, "samples", 1, "`N` continuations of each prompt (1)")
	o.Float64Var(&o.settings.Temperature, "temperature", 0.8, "`T` softmax temperature; 0 is greedy (0.8)")
	o.IntVar(&o.settings.TopK, "top-k", 0, "`K` sample from the K most likely tokens (0: off)")
	o.Float64Var(&o.settings.TopP, "top-p", 0.95, "`P` nucleus sampling: smallest set with probability P (0.95; 0: off)")
	o.Float64Var(&o.settings.MinP, "min-p", 0, "`P` least probability, as a fraction of the most likely's (0: off)")
	o.Float64Var(&o.settings.RepetitionPenalty, "repetition-penalty", 1, "`X` divide the logits of tokens seen before by X (1: off)")
	o.IntVar(&o.settings.NoRepeat, "no-repeat", 0, "`N` no sequence of N tokens occurs twice (0: off)")
	o.IntVar(&o.settings.Beams, "beam", 0, "`N` beam search of width N instead of sampling (0: off)")
	o.Float64Var(&o.settings.LengthPenalty, "length-penalty", 1, "`X` divide a beam's log-probability by its length to the power X (1)")
	o.Var(&o.stop, "stop", "`TEXT` text that ends a continuation; may be repeated")
	o.Uint64Var(&o.settings.Seed, "seed", 1, "`N` random seed (1)")
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
	case o.samples < 1:
		return cli.Misusef("-samples %d: want at least 1", o.samples)
	case o.settings.Beams > 0 && o.samples > o.settings.Beams:
		return cli.Misusef("-samples %d of -beam %d: want at most as many", o.samples, o.settings.Beams)
	}
	if err := o.checkLab(); err != nil {
		return err
	}
	o.settings.Stop = o.stop
	if err := o.settings.Check(); err != nil {
		return &cli.Usage{Err: err}
	}
	return nil
}

func generate(ctx context.Context, o *generateOptions, s streams) error {
	if err := o.check(); err != nil {
		return err
	}
	strategies, err := o.strategies()
	if err != nil {
		return err
	}
	saved, g, release, err := o.open(s.err)
	if err != nil {
		return err
	}
	defer release()
	if o.lab != "" {
		return o.runLab(ctx, saved, g, strategies, s)
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
