package command

import (
	"strings"

	"euryale/data"
	"euryale/internal/cli"
	"euryale/models"
	"euryale/training"
)

const trainIntro = `
train trains a model of text. Without flags it trains a small character GPT on a real book
and ends by printing a sample. The files of a run are in its directory (-out).`

const trainExamples = `
Examples
  train -data book.txt -steps 5000               your own text
  train -config configs/gpt-char-cpu.toml -set model.bias=false
  train -init runs/stories260K -data my.txt      fine-tune
  train -import stories260K.bin -tokenizer tok512.bin -out runs/stories260K
Flags of a model, its data and training set keys of the configuration; -set sets any key.
Ctrl-C saves the run and exits with code 130.`

// shorthands are the flags that set one key of the configuration.
var shorthands = []struct{ group, flag, key, help string }{
	{"Model and data", "model", "model.name", "`NAME` model"},
	{"Model and data", "context", "model.context", "`N` context length in tokens"},
	{"Model and data", "layers", "model.layers", "`N` layers"},
	{"Model and data", "heads", "model.heads", "`N` attention heads"},
	{"Model and data", "dim", "model.dim", "`N` model width"},
	{"Model and data", "dropout", "model.dropout", "`P` dropout probability"},
	{"Model and data", "data", "data.name", "`NAME` corpus or path"},
	{"Model and data", "task", "data.task", "`TASK` task: lm, mask, pairs, dialogue or summary"},
	{"Model and data", "tokenizer", "tokenizer.kind", "`KIND` tokenizer: char, byte, word, bpe or a file"},
	{"Model and data", "vocab", "tokenizer.vocab", "`N` vocabulary of a bpe, limit of words"},
	{"Training", "steps", "training.steps", "`N` updates"},
	{"Training", "for", "training.for", "`TIME` time limit, as 10m"},
	{"Training", "batch", "training.batch", "`N` sequences in a batch"},
	{"Training", "accumulate", "training.accumulate", "`N` batches per update"},
	{"Training", "lr", "optimizer.lr", "`RATE` peak learning rate"},
	{"Training", "min-lr", "schedule.min_lr", "`RATE` final learning rate (a tenth)"},
	{"Training", "warmup", "schedule.warmup", "`N` warm-up steps"},
	{"Training", "schedule", "schedule.name", "`NAME` schedule"},
	{"Training", "optimizer", "optimizer.name", "`NAME` optimizer"},
	{"Training", "weight-decay", "optimizer.weight_decay", "`X` weight decay"},
	{"Training", "clip", "optimizer.clip", "`X` gradient clipping norm, 0 is off"},
	{"Training", "bptt", "training.bptt", "`MODE` carry recurrent state across batches, or reset it"},
	{"Training", "precision", "training.precision", "`NAME` precision of products: highest, high or medium"},
	{"Training", "seed", "training.seed", "`N` random seed"},
	{"Training", "eval-every", "training.eval_every", "`N` steps between evaluations"},
	{"Training", "save-every", "training.save_every", "`N` between saves (the same)"},
	{"Machine", "workers", "training.workers", "`N` goroutines per batch (the same)"},
}

// newTrainOptions returns the flags; prefix is what to type before the name of another
// command.
func newTrainOptions(prefix string) *trainOptions {
	o := &trainOptions{Flags: cli.NewFlags("train", trainIntro, trainExamples), short: map[string]string{}}
	o.Group("Runs", func() {
		o.StringVar(&o.config, "config", "", "`FILE` configuration in TOML")
		o.Var(&o.sets, "set", "`KEY=VALUE` set a key of the configuration, as model.layers=6; may be repeated")
		o.Var(&o.sweep, "sweep", "`KEY=A,B` train with each value")
		o.IntVar(&o.seeds, "seeds", 0, "`N` with each of N seeds; compares the runs, which are in -out")
		o.StringVar(&o.out, "out", "", "`DIR` directory of the new run (runs/MODEL-DATA-N)")
		o.StringVar(&o.resume, "resume", "", "`DIR` continue a run; with -config or -init: begin it if there is none")
		o.StringVar(&o.init, "init", "", "`PATH` initial weights, model and tokenizer: a run, or what -import takes")
		o.StringVar(&o.imports, "import", "", "`PATH` convert a model (GPT-2, Llama, llama2.c, ml5.js) into a run in -out")
		o.StringVar(&o.exports, "export", "", "`DIR` write a gpt or llama run to -out for Hugging Face's transformers")
		o.Var(&o.average, "average", "`DIR …` write the mean of the weights of runs, of those that a run has kept, or of files to -out")
		o.BoolVar(&o.check, "check", false, "look for mistakes in the model")
		o.StringVar(&o.format, "format", "text", "`FORMAT` print its findings as text or json (text)")
		o.BoolVar(&o.describe, "describe", false, "print parameters and cost")
		o.scale.declare(o.Flags)
		o.BoolVar(&o.profile, "profile", false, "time layers; none of these trains")
		o.graph.declare(o)
	})
	for _, g := range []string{"Model and data", "Training"} {
		o.Group(g, func() { o.declareShorthands(g) })
	}
	o.Group("Machine", func() {
		o.machine.Declare(o.Flags)
		o.machine.DeclareRanks(o.Flags)
		o.declareShorthands("Machine")
	})
	o.Several("average")
	o.Join("graph-under", "graph-ops")
	o.Join("check", "format")
	o.Join("describe", "ranks", "link")
	o.Join("check", "profile")
	o.Join("sweep", "seeds")
	o.Join("import", "export")
	o.Join("model", "context")
	o.Join("threads", "workers")
	o.Join("version", "watchdog")
	for first, second := range map[string]string{"layers": "heads", "dim": "dropout", "tokenizer": "vocab", "steps": "for",
		"batch": "accumulate", "lr": "min-lr", "warmup": "bptt", "weight-decay": "clip", "precision": "seed", "eval-every": "save-every"} {
		o.Join(first, second)
	}
	o.Moved("eval", prefix+"evaluate -run DIR")
	for _, flag := range []string{"part", "examples", "length", "beam", "shown"} {
		o.Moved("eval-"+flag, prefix+"evaluate -run DIR -"+flag)
	}
	return o
}

// declareShorthands adds the flags of a group that set a key, with its default.
func (o *trainOptions) declareShorthands(group string) {
	for _, s := range shorthands {
		if s.group != group {
			continue
		}
		o.Func(s.flag, s.help+namesOf(s.key)+defaultOf(s.key), func(v string) error { o.short[s.key] = v; return nil })
	}
}

// namesOf lists the names that are a key's values.
func namesOf(key string) string {
	switch key {
	case "model.name":
		return ": " + strings.Join(models.Names(), ", ")
	case "data.name":
		return ": " + strings.Join(data.Names(), ", ")
	case "optimizer.name":
		return ": " + strings.Join(training.OptimizerNames(), ", ")
	case "schedule.name":
		return ": " + strings.Join(training.ScheduleNames(), ", ")
	}
	return ""
}

// defaultOf returns a key's default in parentheses, or "" if it is zero.
func defaultOf(key string) string {
	if v := training.DefaultValue(key); v != "" {
		return " (" + v + ")"
	}
	return ""
}
