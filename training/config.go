package training

import (
	"fmt"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"euryale/data"
	"euryale/data/tokenizer"
	"euryale/internal/kernel/matmul"
	"euryale/models"
)

// Config is a run's whole configuration: config.toml.
type Config struct {
	Model     models.Model // section [model]: name, and the fields of that model
	ModelName string
	Data      data.Config
	Tokenizer tokenizer.Config
	Training  Settings
	Optimizer OptimizerConfig
	Schedule  Schedule
}

// Settings is the [training] section of config.toml.
type Settings struct {
	Steps       int     `toml:"steps"`             // updates
	For         string  `toml:"for"`               // stop after so long, as "10m", if not after steps, with the schedule at its end; empty: no limit
	Batch       int     `toml:"batch"`             // B, sequences in a batch
	Accumulate  int     `toml:"accumulate"`        // batches of one update: the loss is the mean over all their targets
	Shards      int     `toml:"shards"`            // parts a batch is cut into; results depend on it, not on the workers
	Workers     int     `toml:"workers"`           // shards that run at once; 0: one for each thread
	Seed        uint64  `toml:"seed"`              // of weights, batches and dropout
	BatchSeed   uint64  `toml:"batch_seed"`        // of batches alone; 0: seed
	Smoothing   float64 `toml:"smoothing"`         // label smoothing
	Precision   string  `toml:"precision"`         // of float32 products: "highest", "high" or "medium"; see internal/kernel
	Wire        string  `toml:"wire"`              // format in which ranks exchange gradients: "fp32" or "bf16"; results depend on it, not on the ranks
	Recompute   string  `toml:"recompute"`         // "block": the backward pass computes the values inside blocks again and saves their memory; "none": it does not
	BPTT        string  `toml:"bptt"`              // "carry": recurrent state is carried from batch to batch; "reset": it is not
	LogEvery    int     `toml:"log_every"`         // steps
	EvalEvery   int     `toml:"eval_every"`        // steps
	EvalTokens  int     `toml:"eval_tokens"`       // of the validation part, evenly spread; 0: all of it
	FinalEval   int     `toml:"final_eval_tokens"` // of the last evaluation; 0: an eighth of the tokens trained on. Never less than eval_tokens
	SaveEvery   int     `toml:"save_every"`        // steps; 0: at each evaluation
	BestBy      string  `toml:"best_by"`           // what the best weights are best by: "loss", or of answers to validation rows "bleu", "rouge_l" or "exact"
	AnswerRows  int     `toml:"answer_rows"`       // rows of the validation part to answer at each evaluation for best_by, evenly spread
	Answer      int     `toml:"answer_tokens"`     // of such an answer, at most
	Patience    int     `toml:"patience"`          // stop after so many evaluations in a row that are no better by best_by; 0: never
	Keep        int     `toml:"keep"`              // saved weights to keep by their step, for train -average; 0: the last alone
	Spike       string  `toml:"spike"`             // what to do about an outlier of loss or gradient norm: "off", "warn", "skip" or "back"
	SpikeZ      float64 `toml:"spike_z"`           // standard deviations above the mean that make one
	SpikeWindow int     `toml:"spike_window"`      // updates that mean and deviation are of
	Sample      int     `toml:"sample"`            // tokens of the sample at each evaluation
}

// Default returns the default configuration: a small GPT on real text, trained in a minute
// or two on two cores.
func Default() Config {
	m, _ := models.New("gpt")
	return Config{
		Model: m, ModelName: "gpt",
		Data:      data.Config{Name: "opticks"},
		Tokenizer: tokenizer.Config{Kind: "char"},
		Training: Settings{Steps: 2000, Batch: 16, Accumulate: 1, Shards: 2, Seed: 1, Precision: string(matmul.DefaultPrecision()), Recompute: "none", BPTT: "reset", Wire: "fp32",
			LogEvery: 50, EvalEvery: 250, EvalTokens: 32768, BestBy: byLoss, AnswerRows: 64, Answer: 64, Spike: "off", SpikeZ: 6, SpikeWindow: 100, Sample: 200},
		Optimizer: OptimizerConfig{Name: "adamw", LR: 2e-3, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, MatrixLR: 0.02, WeightDecay: 0.1, Groups: []string{}, Clip: 1},
		Schedule:  Schedule{Name: "cosine", Warmup: 100, Decay: 0.2, Factor: 0.5, Patience: 2},
	}
}

// sections returns the parts of c by the sections of the file that fill them.
func (c *Config) sections() map[string]any {
	return map[string]any{"model": c.Model, "data": &c.Data, "tokenizer": &c.Tokenizer,
		"training": &c.Training, "optimizer": &c.Optimizer, "schedule": &c.Schedule}
}

// Check says what is wrong with the settings, before anything is opened or built. It
// leaves out the model's vocabulary, which follows from the tokenizer.
func (c Config) Check() error {
	sections := c.sections()
	for _, name := range sectionNames {
		if err := checkKeys(name, sections[name]); err != nil {
			return err
		}
	}
	t := c.Training
	switch {
	case t.Batch < 1 || t.Accumulate < 1 || t.Shards < 1:
		return fmt.Errorf("training: batch = %d, accumulate = %d, shards = %d, want at least 1", t.Batch, t.Accumulate, t.Shards)
	case t.Steps < 0 || t.LogEvery < 0 || t.EvalEvery < 0 || t.SaveEvery < 0 || t.EvalTokens < 0 || t.FinalEval < 0 || t.Sample < 0 || t.Workers < 0:
		return fmt.Errorf("training: steps = %d, log_every = %d, eval_every = %d, save_every = %d, eval_tokens = %d, final_eval_tokens = %d, sample = %d, workers = %d, want none below 0",
			t.Steps, t.LogEvery, t.EvalEvery, t.SaveEvery, t.EvalTokens, t.FinalEval, t.Sample, t.Workers)
	case t.Patience < 0 || t.Keep < 0:
		return fmt.Errorf("training: patience = %d, keep = %d, want none below 0", t.Patience, t.Keep)
	case c.Optimizer.Name == "schedulefree" && c.Schedule.Name != "constant":
		return fmt.Errorf("schedule.name is %q: the average of optimizer schedulefree takes the place of a decay: set schedule.name = \"constant\"", c.Schedule.Name)
	case t.BPTT != "carry" && t.BPTT != "reset":
		return fmt.Errorf("training.bptt is %q: want carry or reset", t.BPTT)
	case t.Recompute != "none" && t.Recompute != "block":
		return fmt.Errorf("training.recompute is %q: want none or block", t.Recompute)
	case t.Wire != "fp32" && t.Wire != "bf16":
		return fmt.Errorf("training.wire is %q: want fp32 or bf16", t.Wire)
	case t.BPTT == "carry" && c.Data.Order != "sequential":
		return fmt.Errorf("training.bptt is \"carry\", but state can only be carried where each batch continues the text of the one before: set data.order = \"sequential\"")
	case !(t.Smoothing >= 0 && t.Smoothing < 1):
		return fmt.Errorf("training.smoothing is %v, want at least 0 and less than 1", t.Smoothing)
	}
	if _, err := t.duration(); err != nil {
		return err
	}
	if err := c.checkBest(); err != nil {
		return err
	}
	if err := t.checkSpike(); err != nil {
		return err
	}
	if err := c.Tokenizer.Check(); err != nil {
		return err
	}
	if p := matmul.Precision(t.Precision); p.Check() != nil || !p.Trainable() {
		return fmt.Errorf("training.precision is %q: want highest, high or medium", t.Precision)
	}
	if err := c.Optimizer.check(); err != nil {
		return err
	}
	if err := c.Schedule.check(); err != nil {
		return err
	}
	sizes := c.Model.Common()
	vocab := sizes.Vocab
	sizes.Vocab = 1 // any: no other setting depends on it
	defer func() { sizes.Vocab = vocab }()
	if err := c.Model.Check(); err != nil {
		return err
	}
	return c.checkTask()
}

// checkTask checks that the model can learn data.task: to predict the next token it must
// not attend to it, and to restore masked tokens it should attend to both sides.
func (c Config) checkTask() error {
	both, masked := models.IsBidirectional(c.Model), c.Data.Task == "mask"
	switch {
	case both && !masked:
		return fmt.Errorf("the model is bidirectional: it attends to the token that it should predict; set data.task = \"mask\", or model.causal = true")
	case masked && !both:
		return fmt.Errorf("data.task is \"mask\", for models that attend to both sides of a masked token, and this %s is causal: set model.name = \"encoder\" and model.causal = false", c.ModelName)
	}
	return nil
}

// resolve sets what follows from the tokenizer and from other settings.
func (c Config) resolve(tk tokenizer.Tokenizer) Config {
	c.Model.Common().Vocab = tk.Vocab()
	return c.resolveSchedule()
}

// resolveSchedule sets what the schedule takes from training.steps and optimizer.lr.
func (c Config) resolveSchedule() Config {
	if c.Schedule.Steps == 0 {
		c.Schedule.Steps = c.Training.Steps
	}
	if c.Schedule.MinLR == 0 {
		c.Schedule.MinLR = c.Optimizer.LR / 10
	}
	return c
}

// UsePrecision sets training.precision for all later products of the process, not only
// those of this run. Training and evaluation begin with it.
func (t Settings) UsePrecision() error { return matmul.SetPrecision(matmul.Precision(t.Precision)) }

// duration returns how long the run may take; 0: any time.
func (t Settings) duration() (time.Duration, error) {
	if t.For == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(t.For)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("training.for is %q: want a duration, such as 90s or 10m", t.For)
	}
	return d, nil
}

// String returns the configuration as TOML, from which Parse reads the same one if Check
// finds no error in it.
func (c Config) String() string {
	var b strings.Builder
	sections := c.sections()
	for _, name := range sectionNames {
		fmt.Fprintf(&b, "[%s]\n", name)
		if name == "model" {
			b.Write(marshal(map[string]string{"name": c.ModelName}))
		}
		b.Write(marshal(sections[name]))
		b.WriteString("\n")
	}
	return b.String()
}

// marshal returns a struct or a map of plain values as TOML.
func marshal(v any) []byte {
	text, err := toml.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
