package training

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"euryale/data"
	"euryale/data/tokenizer"
	"euryale/internal/kernel/matmul"
	"euryale/internal/near"
	"euryale/models"
)

// Config is a run's whole configuration: config.toml.
type Config struct {
	Model     models.Model // section [model]: name, and the fields of that model
	ModelName string
	Data      data.Config
	Tokenizer tokenizer.Config
	Training  Settings
	Optimizer Optimizer
	Schedule  Schedule
}

// Settings is the [training] section of config.toml.
type Settings struct {
	Steps      int     `toml:"steps"`       // updates
	For        string  `toml:"for"`         // stop after so long, as "10m"; empty: after steps
	Batch      int     `toml:"batch"`       // B, sequences in a batch
	Accumulate int     `toml:"accumulate"`  // batches whose gradients make one update
	Shards     int     `toml:"shards"`      // parts a batch is cut into; results depend on it, not on the workers
	Workers    int     `toml:"workers"`     // shards that run at once; 0: one for each thread
	Seed       uint64  `toml:"seed"`        // of weights, batches and dropout
	Smoothing  float64 `toml:"smoothing"`   // label smoothing
	Precision  string  `toml:"precision"`   // of float32 products: "highest", "high" or "medium"; see internal/kernel
	BPTT       string  `toml:"bptt"`        // "carry": a recurrent state goes from batch to batch; "reset": it does not
	LogEvery   int     `toml:"log_every"`   // steps
	EvalEvery  int     `toml:"eval_every"`  // steps
	EvalTokens int     `toml:"eval_tokens"` // of the validation part, evenly spread; 0: all of it. The last evaluation takes all
	SaveEvery  int     `toml:"save_every"`  // steps; 0: at each evaluation
	Sample     int     `toml:"sample"`      // tokens of the sample at each evaluation
}

// Default is the configuration of a run that nothing is said about: a small GPT on real
// text, trained in a minute or two on two cores.
func Default() Config {
	m, _ := models.New("gpt")
	return Config{
		Model: m, ModelName: "gpt",
		Data:      data.Config{Name: "opticks"},
		Tokenizer: tokenizer.Config{Kind: "char"},
		Training: Settings{Steps: 2000, Batch: 16, Accumulate: 1, Shards: 2, Seed: 1, Precision: string(matmul.DefaultPrecision()), BPTT: "reset",
			LogEvery: 50, EvalEvery: 250, EvalTokens: 32768, Sample: 200},
		Optimizer: Optimizer{LR: 2e-3, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.1, Clip: 1},
		Schedule:  Schedule{Name: "cosine", Warmup: 100},
	}
}

// sections are the parts of c that sections of the file fill.
func (c *Config) sections() map[string]any {
	return map[string]any{"model": c.Model, "data": &c.Data, "tokenizer": &c.Tokenizer,
		"training": &c.Training, "optimizer": &c.Optimizer, "schedule": &c.Schedule}
}

// tree is a TOML file: tables by section, values by key.
type tree = map[string]map[string]any

// Parse reads a configuration: the defaults, changed by a TOML file (its path may be
// empty), then by settings of the form section.key=value. An unknown key is an error
// that names the nearest known one.
func Parse(path string, sets []string) (Config, error) { return new(Start).Parse(path, sets) }

// readTree reads what a file (its path may be empty) and settings say.
func readTree(path string, sets []string) (tree, error) {
	t := tree{}
	if path != "" {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := parseTree(string(raw), t); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, s := range sets {
		if err := set(t, s); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func parseTree(text string, t tree) error {
	var top map[string]any
	if _, err := toml.Decode(text, &top); err != nil {
		return err
	}
	for section, v := range top {
		table, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%q stands outside a section: put it under one of %s", section, strings.Join(sectionNames, ", "))
		}
		if t[section] == nil {
			t[section] = map[string]any{}
		}
		for k, v := range table {
			t[section][k] = v
		}
	}
	return nil
}

// set applies one section.key=value. A value that is not TOML is taken as a string.
func set(t tree, s string) error {
	key, value, ok := strings.Cut(s, "=")
	section, name, dotted := strings.Cut(strings.TrimSpace(key), ".")
	if !ok || !dotted {
		return fmt.Errorf("-set %s: want section.key=value, as in -set model.layers=6", s)
	}
	value = strings.TrimSpace(value)
	var v map[string]any
	if _, err := toml.Decode("v = "+value, &v); err != nil {
		if _, err := toml.Decode(fmt.Sprintf("v = %q", value), &v); err != nil {
			return fmt.Errorf("-set %s: %w", s, err)
		}
	}
	if t[section] == nil {
		t[section] = map[string]any{}
	}
	t[section][name] = v["v"]
	return nil
}

var sectionNames = []string{"model", "data", "tokenizer", "training", "optimizer", "schedule"}

func fromTree(t tree) (Config, error) {
	c := Default()
	if name, ok := t["model"]["name"]; ok {
		s, isString := name.(string)
		if !isString {
			return c, fmt.Errorf("model.name is %v, want one of %s", name, strings.Join(models.Names(), ", "))
		}
		m, err := models.New(s)
		if err != nil {
			return c, err
		}
		c.Model, c.ModelName = m, s
	}
	sections := c.sections()
	for section, table := range t {
		into := sections[section]
		if into == nil {
			return c, fmt.Errorf("there is no section %q: did you mean %q?", section, near.Name(section, sectionNames))
		}
		if err := fill(into, section, table); err != nil {
			return c, err
		}
	}
	return c, nil
}

// fill decodes a section's values, and refuses keys that the section does not have.
func fill(into any, section string, table map[string]any) error {
	known, err := keys(into)
	if err != nil {
		return err
	}
	values := map[string]any{}
	for k, v := range table {
		switch {
		case section == "model" && k == "name":
		case !slices.Contains(known, k):
			return fmt.Errorf("there is no key %s.%s: did you mean %s.%s?", section, k, section, near.Name(k, known))
		default:
			values[k] = v
		}
	}
	text, err := toml.Marshal(values)
	if err != nil {
		return err
	}
	if _, err := toml.Decode(string(text), into); err != nil {
		return fmt.Errorf("section %s: %w", section, err)
	}
	return nil
}

// keys are the keys of a section's struct.
func keys(section any) ([]string, error) {
	text, err := toml.Marshal(section)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	if _, err := toml.Decode(string(text), &m); err != nil {
		return nil, err
	}
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks, nil
}

// Usual is the value that a key has when nothing is said, as TOML writes it, or "" if it
// is zero: what help shows.
func Usual(key string) string {
	t := tree{}
	if err := parseTree(Default().String(), t); err != nil {
		panic(err) // written by ourselves
	}
	section, name, _ := strings.Cut(key, ".")
	switch v := t[section][name].(type) {
	case nil, bool:
		return ""
	default:
		if s := fmt.Sprint(v); s != "0" {
			return s
		}
	}
	return ""
}

// Check says what is wrong with the settings, before anything is opened or built. The
// model's vocabulary does not count, which follows from the tokenizer.
func (c Config) Check() error {
	t := c.Training
	switch {
	case t.Batch < 1 || t.Accumulate < 1 || t.Shards < 1:
		return fmt.Errorf("training: batch = %d, accumulate = %d, shards = %d, want at least 1", t.Batch, t.Accumulate, t.Shards)
	case t.Steps < 0 || t.LogEvery < 0 || t.EvalEvery < 0 || t.SaveEvery < 0 || t.EvalTokens < 0 || t.Sample < 0 || t.Workers < 0:
		return fmt.Errorf("training: steps = %d, log_every = %d, eval_every = %d, save_every = %d, eval_tokens = %d, sample = %d, workers = %d, want none below 0",
			t.Steps, t.LogEvery, t.EvalEvery, t.SaveEvery, t.EvalTokens, t.Sample, t.Workers)
	case t.BPTT != "carry" && t.BPTT != "reset":
		return fmt.Errorf("training.bptt is %q: want carry or reset", t.BPTT)
	case t.BPTT == "carry" && c.Data.Order != "sequential":
		return fmt.Errorf("training.bptt is \"carry\", but states go from batch to batch only where the text does: set data.order = \"sequential\"")
	case !(t.Smoothing >= 0 && t.Smoothing < 1):
		return fmt.Errorf("training.smoothing is %v, want at least 0 and less than 1", t.Smoothing)
	}
	if _, err := t.duration(); err != nil {
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
	sizes.Vocab = 1 // as good as any: no other setting depends on it
	defer func() { sizes.Vocab = vocab }()
	if err := c.Model.Check(); err != nil {
		return err
	}
	return c.checkTask()
}

// checkTask says whether the model can learn data.task: to predict the next token it must
// not see it, and to restore hidden ones it should see both sides.
func (c Config) checkTask() error {
	ahead, masked := models.IsBidirectional(c.Model), c.Data.Task == "mask"
	switch {
	case ahead && !masked:
		return fmt.Errorf("model.causal is false: every token sees the next one, so that to predict it is no task; set data.task = \"mask\", or model.causal = true")
	case masked && !ahead:
		return fmt.Errorf("data.task is \"mask\", for models that see both sides of a hidden token, and this %s sees one: set model.name = \"encoder\" and model.causal = false", c.ModelName)
	}
	return nil
}

// UsePrecision sets training.precision for all products that follow, which are the
// process's, not the run's alone. Training and evaluation begin with it.
func (t Settings) UsePrecision() error { return matmul.SetPrecision(matmul.Precision(t.Precision)) }

// duration is how long the run may take, or 0 if it may take any time.
func (t Settings) duration() (time.Duration, error) {
	if t.For == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(t.For)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("training.for is %q: want a length of time, as 90s or 10m", t.For)
	}
	return d, nil
}

// String is the configuration as TOML, which Parse reads back.
func (c Config) String() string {
	var b strings.Builder
	sections := c.sections()
	for _, name := range sectionNames {
		fmt.Fprintf(&b, "[%s]\n", name)
		if name == "model" {
			fmt.Fprintf(&b, "name = %q\n", c.ModelName)
		}
		text, err := toml.Marshal(sections[name])
		if err != nil {
			panic(err) // structs of plain fields
		}
		b.Write(text)
		b.WriteString("\n")
	}
	return b.String()
}
