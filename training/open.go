package training

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"strings"

	"euryale/data"
	"euryale/data/tokenizer"
	"euryale/internal/runfile"
	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
)

// New begins a run in dir, or one that leaves no files if dir is empty. Log gets the
// progress of preparing the corpus; it may be nil.
func New(c Config, dir string, log io.Writer) (*Run, error) {
	return new(Start).New(c, dir, log)
}

func newRun(s *Start, c Config, dir string, log io.Writer) (*Run, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if dir != "" && holds(dir, "config.toml") {
		return nil, fmt.Errorf("%s holds a run already: go on with -resume %s, or choose another -out", dir, dir)
	}
	tk := s.tokenizer(c)
	if tk != nil { // the vocabulary is known, and all shapes follow from the settings
		c.Model.Common().Vocab = tk.Vocab()
		if err := s.check(c.Model); err != nil {
			return nil, err
		}
		if dir != "" {
			c.Tokenizer = tokenizer.Config{Kind: filepath.Join(dir, "tokenizer.json")}
		}
	}
	if n := models.SourceOf(c.Model); n > 0 {
		c.Data.Encoder = true
		if c.Data.MaxSource == 0 {
			c.Data.MaxSource = n
		}
	}
	corpus, err := openCorpus(c, tk, log)
	if err != nil {
		return nil, err
	}
	c.Data = corpus.Config
	r := &Run{Config: c.resolve(corpus.Tokenizer), Dir: dir, Corpus: corpus, Weights: graph.NewWeights(c.Training.Seed), best: math.Inf(1)}
	if err := r.begin(s); err != nil {
		return nil, errors.Join(err, corpus.Close())
	}
	return r, nil
}

// begin makes what is to be trained, and only then lays the run's files.
func (r *Run) begin(s *Start) (err error) {
	if err := r.declare(); err != nil {
		return err
	}
	if err := s.give(r); err != nil {
		return err
	}
	r.prepare()
	if err := r.deal(); err != nil || r.Dir == "" {
		return err
	}
	if err := r.lay(); err != nil {
		return err
	}
	r.files, err = openFiles(r.Dir, 0)
	return err
}

// NewOn begins a run that leaves no files, on batches of the caller's own, whose ids are
// below the model's vocab.
func NewOn(c Config, batches data.Batcher) (*Run, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if err := c.Model.Check(); err != nil { // the vocabulary too
		return nil, err
	}
	r := &Run{Config: c, Weights: graph.NewWeights(c.Training.Seed), best: math.Inf(1), batches: batches}
	if err := r.declare(); err != nil {
		return nil, err
	}
	r.prepare()
	return r, nil
}

// resolve settles what follows from the tokenizer and from other settings.
func (c Config) resolve(tk tokenizer.Tokenizer) Config {
	c.Model.Common().Vocab = tk.Vocab()
	if c.Schedule.Steps == 0 {
		c.Schedule.Steps = c.Training.Steps
	}
	if c.Schedule.MinLR == 0 {
		c.Schedule.MinLR = c.Optimizer.LR / 10
	}
	return c
}

// declare gives every parameter its first value, in the order of the model's graph.
func (r *Run) declare() error {
	m := r.Config.Model
	if _, isPredictor := m.(models.Predictor); isPredictor {
		return nil // it has none
	}
	_, err := graph.Build(r.Weights, graph.Frame{B: 1, T: 1, S: models.SourceOf(m)}, func(s *layers.Scope) { m.Logits(s, s.Tokens()) })
	return err
}

// prepare makes what every run needs once it has weights.
func (r *Run) prepare() {
	r.noise = &graph.Noise{Seed: bits.Reverse64(r.Config.Training.Seed)} // dropout's stream is not that of the weights
	r.optim = NewAdamW(r.Config.Optimizer, r.Weights.All())
	r.replicas = map[shape]*replica{}
}

// deal opens the batches.
func (r *Run) deal() (err error) {
	c := r.Config
	r.batches, err = r.Corpus.Train(c.Training.Batch, c.Model.Common().Context, c.Training.Seed)
	return err
}

// lay writes what a run begins with.
func (r *Run) lay() error { return lay(r.Dir, r.Config, r.Corpus.Tokenizer) }

// lay writes what every run has beside its weights.
func lay(dir string, c Config, tk tokenizer.Tokenizer) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := tk.Save(filepath.Join(dir, "tokenizer.json")); err != nil {
		return err
	}
	return runfile.WriteAtomic(filepath.Join(dir, "config.toml"), func(w io.Writer) error {
		_, err := io.WriteString(w, c.String())
		return err
	})
}

// Resume goes on with the run in dir. Sets change its configuration, as in Parse, where
// that leaves what has been learned meaningful.
func Resume(dir string, sets []string, log io.Writer) (*Run, error) {
	if err := resumable(sets); err != nil {
		return nil, err
	}
	c, tk, err := openConfig(dir, sets)
	if err != nil {
		return nil, err
	}
	corpus, err := data.Open(c.Data, c.Tokenizer, tk, data.Options{Log: log})
	if err != nil {
		return nil, err
	}
	r := &Run{Config: c, Dir: dir, Corpus: corpus}
	if err := r.restore(filepath.Join(dir, "state.safetensors")); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, errNoState(dir)
		}
		return nil, err
	}
	if err := r.deal(); err != nil {
		return nil, err
	}
	if r.files, err = openFiles(dir, r.step); err != nil {
		return nil, err
	}
	return r, r.lay()
}

// errNoState says what can be done with a run that there is no going on with.
func errNoState(dir string) error {
	if holds(dir, "weights.safetensors") {
		return fmt.Errorf("%s has weights, but no state.safetensors to go on from: begin a new run with -init %s", dir, dir)
	}
	return fmt.Errorf("%s was never saved: begin again with -config %s", dir, filepath.Join(dir, "config.toml"))
}

// resumable refuses changes that a run cannot go on with.
func resumable(sets []string) error {
	free := []string{"training.steps", "training.for", "training.workers", "training.log_every", "training.eval_every",
		"training.eval_tokens", "training.save_every", "training.sample", "schedule.steps", "schedule.min_lr", "schedule.name",
		"optimizer.lr", "optimizer.weight_decay", "optimizer.clip"}
	for _, s := range sets {
		key, _, _ := strings.Cut(s, "=")
		key = strings.TrimSpace(key)
		known := false
		for _, f := range free {
			known = known || f == key
		}
		if !known {
			return fmt.Errorf("%s cannot change when a run is resumed: begin a new run, with -init for its weights", key)
		}
	}
	return nil
}

// openConfig reads the configuration and the tokenizer of a run.
func openConfig(dir string, sets []string) (Config, tokenizer.Tokenizer, error) {
	c, err := Parse(filepath.Join(dir, "config.toml"), sets)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("%s is not a run: it has no config.toml", dir)
		}
		return c, nil, err
	}
	if err := c.Check(); err != nil {
		return c, nil, fmt.Errorf("%s: %w", dir, err)
	}
	tk, err := tokenizer.Load(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		return c, nil, err
	}
	if v := c.Model.Common().Vocab; v != tk.Vocab() {
		return c, nil, fmt.Errorf("%s: config.toml has model.vocab = %d, tokenizer.json has %d ids: they are not of one run", dir, v, tk.Vocab())
	}
	return c, tk, nil
}

// Saved is a run's model as its files have it.
type Saved struct {
	Config    Config // its model has learned, if it is a models.Predictor
	Tokenizer tokenizer.Tokenizer
	Weights   *graph.Weights // none of a models.Predictor
}

// Open reads the model of the run in dir: its best weights, or its last if last is set
// or no best were kept.
func Open(dir string, last bool) (*Saved, error) {
	c, tk, err := openConfig(dir, nil)
	if err != nil {
		return nil, err
	}
	name := bestWeights(dir)
	if last {
		name = filepath.Join(dir, "weights.safetensors")
	}
	s := &Saved{Config: c, Tokenizer: tk}
	if p, ok := c.Model.(models.Predictor); ok {
		s.Weights = graph.NewWeights(0)
		s.Config.Model, err = p.Load(name)
	} else {
		s.Weights, err = LoadWeights(name, c.Model)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNoWeights(dir)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func errNoWeights(dir string) error {
	return fmt.Errorf("%s has no weights yet: wait for its first evaluation, or go on with -resume", dir)
}

// bestWeights is the file of a run's best weights, or of its last if no best were kept.
func bestWeights(dir string) string {
	if name := "best.safetensors"; holds(dir, name) {
		return filepath.Join(dir, name)
	}
	return filepath.Join(dir, "weights.safetensors")
}

// Newest is the run in dir whose weights changed last. Runs that have none yet do not
// count.
func Newest(dir string) (string, error) {
	configs, err := filepath.Glob(filepath.Join(dir, "*", "config.toml"))
	if err != nil {
		return "", err
	}
	newest, when := "", int64(0)
	for _, c := range configs {
		run := filepath.Dir(c)
		info, err := os.Stat(filepath.Join(run, "weights.safetensors"))
		if err != nil {
			continue
		}
		if t := info.ModTime().UnixNano(); t > when {
			newest, when = run, t
		}
	}
	if newest == "" {
		return "", fmt.Errorf("there is no run with weights in %s: train one first, or name it with -run", dir)
	}
	return newest, nil
}

// Close closes the run's files and its corpus.
func (r *Run) Close() error {
	var err error
	if r.files != nil {
		err = r.files.close()
	}
	return errors.Join(err, r.Corpus.Close())
}
