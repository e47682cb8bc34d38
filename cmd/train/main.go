// Command train trains a model of text and leaves a run directory behind.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"euryale/data"
	"euryale/internal/cli"
	"euryale/internal/term"
	"euryale/models"
	"euryale/training"
)

const intro = `
train trains a model of text. Without flags it trains a small character GPT on a real book
and ends by printing a sample. What a run leaves behind is in its directory (-out).`

const examples = `
Examples
  train                                          the default: a character GPT on Newton's Opticks
  train -data book.txt -steps 5000               your own text
  train -config configs/gpt-char-cpu.toml        a configuration from a file
  train -model gpt -layers 6 -dim 256 -set model.bias=false
  train -resume runs/gpt-opticks-1               go on with a run that was stopped
  train -init runs/stories260K -data my.txt      fine-tune: its weights, model and tokenizer, your text
  train -import stories260K.bin -tokenizer tok512.bin -out runs/stories260K
  train -eval runs/transformer-tatoeba-1         losses and answers beside people's
  train -describe                                the model's parameters and cost, without training
  train -model gpt -graph gpt.svg                a picture of the model's graph, without training

Every flag is also a key of the configuration file, and -set reaches any key:
  [model] [data] [tokenizer] [training] [optimizer] [schedule]
Ctrl-C saves the run and exits with code 130.`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are the flags.
type options struct {
	*cli.Flags
	config, out, resume, init string
	imports, exports          string
	check, describe           bool
	sets                      cli.List
	short                     map[string]string // flag → key
	machine                   cli.Machine
	graph                     picture
	eval                      evaluation
}

// shorthands are the flags that set one key of the configuration.
var shorthands = []struct{ group, flag, key, help string }{
	{"Model", "model", "model.name", "`NAME` of the model"},
	{"Model", "context", "model.context", "`N` tokens of a sequence"},
	{"Model", "layers", "model.layers", "`N` layers"},
	{"Model", "heads", "model.heads", "`N` attention heads"},
	{"Model", "dim", "model.dim", "`N` columns of an activation"},
	{"Model", "dropout", "model.dropout", "`P`, the share of values dropped in training"},
	{"Data", "data", "data.name", "`NAME|PATH` of the corpus: a named one, a file or a directory"},
	{"Data", "task", "data.task", "`TASK`: lm, mask, pairs, dialogue or summary"},
	{"Data", "tokenizer", "tokenizer.kind", "`KIND|FILE`: char, byte, bpe or a tokenizer's file"},
	{"Data", "vocab", "tokenizer.vocab", "`N` ids that a bpe tokenizer learns"},
	{"Training", "steps", "training.steps", "`N` updates"},
	{"Training", "for", "training.for", "`DURATION` after which to stop, as 10m"},
	{"Training", "batch", "training.batch", "`N` sequences in a batch"},
	{"Training", "accumulate", "training.accumulate", "`N` batches to an update"},
	{"Training", "lr", "optimizer.lr", "`RATE`, the highest learning rate"},
	{"Training", "min-lr", "schedule.min_lr", "`RATE` at the end; default: a tenth of -lr"},
	{"Training", "warmup", "schedule.warmup", "`N` steps over which the rate rises"},
	{"Training", "schedule", "schedule.name", "`NAME`: cosine, linear, constant or inverse_sqrt"},
	{"Training", "weight-decay", "optimizer.weight_decay", "`RATE` of decay of matrices"},
	{"Training", "clip", "optimizer.clip", "`NORM` that gradients are clipped to; 0: never"},
	{"Training", "bptt", "training.bptt", "`carry|reset`: whether a recurrent state goes from batch to batch"},
	{"Training", "precision", "training.precision", "`highest|high|medium`: how exact products are; medium may round their operands to bfloat16"},
	{"Training", "seed", "training.seed", "`N`, of weights, batches and dropout"},
	{"Training", "eval-every", "training.eval_every", "`N` steps between evaluations"},
	{"Training", "save-every", "training.save_every", "`N` steps between saves; 0: at each evaluation"},
	{"Training", "workers", "training.workers", "`N` parts of a batch computed at once; results do not depend on it"},
}

func newOptions() *options {
	o := &options{Flags: cli.NewFlags("train", intro, examples), short: map[string]string{}}
	o.Group("Runs", func() {
		o.StringVar(&o.config, "config", "", "`FILE` of configuration, in TOML")
		o.Var(&o.sets, "set", "`KEY=VALUE` of the configuration, as model.layers=6; may be repeated")
		o.StringVar(&o.out, "out", "", "`DIR` of the run; default: runs/MODEL-DATA-N")
		o.StringVar(&o.resume, "resume", "", "`DIR` of a run to go on with")
		o.StringVar(&o.init, "init", "", "`DIR|FILE` of weights to begin with: a run, or what -import takes; model and tokenizer come with them")
		o.StringVar(&o.imports, "import", "", "`DIR|FILE` of a model from elsewhere to make a run of in -out: GPT-2 in safetensors, llama2.c, ml5.js")
		o.StringVar(&o.exports, "export", "", "`DIR` of a run to write to -out as Hugging Face's transformers lays GPT-2 out")
		o.BoolVar(&o.check, "check", false, "check configuration, data and model, and train nothing")
		o.BoolVar(&o.describe, "describe", false, "print parameters, operations and memory, and train nothing")
		o.graph.declare(o)
	})
	for _, g := range []string{"Model", "Data", "Training"} {
		o.Group(g, func() {
			for _, s := range shorthands {
				if s.group == g {
					o.Func(s.flag, s.help+names(s.key)+usual(s.key), func(v string) error { o.short[s.key] = v; return nil })
				}
			}
		})
	}
	o.Group("Measuring a run", func() { o.eval.declare(o) })
	o.Group("Machine", func() { o.machine.Declare(o.Flags) })
	return o
}

// names lists what a key may name.
func names(key string) string {
	switch key {
	case "model.name":
		return ": " + strings.Join(models.Names(), ", ")
	case "data.name":
		return "; named are " + strings.Join(data.Names(), ", ")
	}
	return ""
}

// usual says what a key's value is unless it is set.
func usual(key string) string {
	if v := training.DefaultValue(key); v != "" {
		return " (" + v + ")"
	}
	return ""
}

// settings are the -set flags, after those that the other flags stand for.
func (o *options) settings() []string {
	var sets []string
	for _, s := range shorthands {
		if v, ok := o.short[s.key]; ok {
			sets = append(sets, s.key+"="+v)
		}
	}
	return append(sets, o.sets...)
}

func run(args []string, stdout, stderr *os.File) int {
	o := newOptions()
	return cli.Main(o.Flags, args, stdout, stderr, func(ctx context.Context) error { return train(ctx, o, stdout, stderr) })
}

func train(ctx context.Context, o *options, stdout, stderr *os.File) error {
	if o.imports != "" || o.exports != "" {
		return convert(o, stderr)
	}
	if err := errors.Join(o.graph.check(), o.eval.check(o)); err != nil {
		return err
	}
	if err := o.machine.Use(stderr); err != nil {
		return err
	}
	if o.eval.dir != "" {
		return evaluate(ctx, o.eval, stdout, stderr)
	}
	r, err := open(o, stdout, stderr)
	if r == nil || err != nil {
		return err
	}
	defer r.Close()
	return use(ctx, o, r, stdout, stderr)
}

// use trains a run, or only looks at it.
func use(ctx context.Context, o *options, r *training.Run, stdout, stderr *os.File) error {
	fmt.Fprintln(stderr, r.Describe())
	if err := cli.Precision(stderr, r.Config.Training.Precision); err != nil {
		return err
	}
	switch {
	case o.graph.file != "":
		return o.graph.draw(r, stderr)
	case o.describe:
		return describe(r, stdout)
	case o.check:
		_, err := r.Validate(false)
		return err
	}
	p := term.New(stderr, r.Config.Training.Steps, "training")
	r.Watch = watch(r, p)
	err := r.Train(ctx)
	p.Done()
	if errors.Is(err, training.ErrInterrupted) {
		return fmt.Errorf("%w: go on with -resume %s", cli.ErrInterrupted, r.Dir)
	}
	if err != nil {
		return err
	}
	return finish(r, stdout, stderr)
}

// open begins a run, or goes on with one. A model that is counted is done then, and there
// is no run.
func open(o *options, stdout, stderr io.Writer) (*training.Run, error) {
	if o.resume != "" {
		if o.config != "" || o.out != "" || o.init != "" {
			return nil, cli.Misusef("-resume goes on with a run as it is: leave out -config, -out and -init")
		}
		return training.Resume(o.resume, o.settings(), stderr)
	}
	start := new(training.Start)
	if o.init != "" {
		var err error
		if start, err = training.OpenStart(o.init, o.short["tokenizer.kind"]); err != nil {
			return nil, err
		}
	}
	c, err := configure(o, start)
	if err != nil {
		return nil, err
	}
	dir := o.out
	switch {
	case o.check || o.describe || o.graph.file != "": // it is only looked at
		dir = ""
	case dir == "":
		dir = freeDir(c)
	}
	if c.IsCounted() {
		return nil, count(o, c, dir, stdout, stderr)
	}
	return start.New(c, dir, stderr)
}

// configure is the configuration of a new run. Settings that make no sense are misuse.
func configure(o *options, start *training.Start) (training.Config, error) {
	c, err := start.Parse(o.config, o.settings())
	if errors.Is(err, os.ErrNotExist) {
		return c, err
	}
	if err == nil {
		err = c.Check()
	}
	if err != nil {
		return c, &cli.Usage{Err: err}
	}
	return c, nil
}

// freeDir is the first of runs/MODEL-DATA-1, -2 and so on that is not there.
func freeDir(c training.Config) string {
	name := strings.TrimSuffix(filepath.Base(c.Data.Name), filepath.Ext(c.Data.Name))
	for n := 1; ; n++ {
		dir := filepath.Join("runs", fmt.Sprintf("%s-%s-%d", c.ModelName, name, n))
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			return dir
		}
	}
}

func watch(r *training.Run, p *term.Progress) training.Watch {
	every := max(1, r.Config.Training.LogEvery)
	return training.Watch{
		Step: func(s training.Step) {
			if s.N%every == 0 || s.N == 1 || s.N == s.Of {
				p.Update(s.N, fmt.Sprintf("loss %.4f, %.0f tokens/s, %.0f%% of peak", s.Loss, s.PerSecond, 100*r.ShareOfPeak(s.PerSecond)))
			}
		},
		Eval: func(e training.Record) {
			p.Println(fmt.Sprintf("step %d: loss %.4f, validation %.4f", e.N, e.Loss, *e.ValLoss))
		},
		Message: func(text string) { p.Println(text) },
	}
}

// finish prints what a trained model writes.
func finish(r *training.Run, stdout, stderr *os.File) error {
	text, err := r.Sample()
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "the run is in %s; its curve is %s; go on with: go run ./cmd/generate -run %s\n\n", r.Dir, filepath.Join(r.Dir, "loss.png"), r.Dir)
	_, err = fmt.Fprintln(stdout, text)
	return err
}
