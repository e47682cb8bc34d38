package training

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"euryale/data"
	"euryale/data/tokenizer"
	"euryale/internal/ranks"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training/rundir"
)

// New begins a run in dir, or one without files if dir is empty. It writes the progress of
// preparing the corpus to log, which may be nil. A run that cannot begin leaves no files.
func New(c Config, dir string, log io.Writer) (*Run, error) {
	return new(Start).New(c, dir, log)
}

// New begins a run as the function New does, with the weights of s. They must be exactly
// those of c's model: the error names all that differ.
func (s *Start) New(c Config, dir string, log io.Writer) (*Run, error) {
	var hold *rundir.Hold
	err := c.Check()
	if err == nil {
		err = checkRanks(c, s.group())
	}
	if err == nil && dir != "" && s.group().Rank() == 0 {
		hold, err = takeNew(dir)
	}
	if err = ranks.Agree(s.group(), err); err != nil {
		return nil, abandon(hold, err)
	}
	r, err := s.open(c, dir, log, data.Open, (*Run).begin)
	if err != nil {
		return nil, abandon(hold, err)
	}
	r.hold = hold
	return r, nil
}

// abandon gives up the directory of a run that cannot begin, for err.
func abandon(hold *rundir.Hold, err error) error {
	if failed := hold.Abandon(); failed != nil {
		return errors.Join(err, failed)
	}
	return err
}

// Plan opens what New would train, to describe and draw it: its parameters have shapes and
// no values, and no memory is claimed for them, so that it cannot be trained. A
// models.Predictor can.
func (s *Start) Plan(c Config, log io.Writer) (*Run, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return s.open(c, "", log, data.Open, (*Run).plan)
}

// takeNew takes a directory that holds no run yet.
func takeNew(dir string) (*rundir.Hold, error) {
	hold, err := rundir.Take(dir)
	switch {
	case rundir.IsTaken(err):
		return nil, fmt.Errorf("%w: wait, or choose another -out", err)
	case err != nil:
		return nil, err
	case rundir.Holds(dir, rundir.Config):
		return nil, errors.Join(fmt.Errorf("%s holds a run already: continue it with -resume %s, or choose another -out", dir, dir), hold.Abandon())
	}
	return hold, nil
}

// opener opens a corpus, as data.Open does.
type opener func(c data.Config, tk tokenizer.Config, known tokenizer.Tokenizer, o data.Options) (*data.Corpus, error)

// open opens the corpus of a new run and begins it, or plans it.
func (s *Start) open(c Config, dir string, log io.Writer, from opener, begin func(r *Run, s *Start) error) (*Run, error) {
	corpus, err := s.openCorpus(&c, dir, log, from)
	if err != nil {
		return nil, err
	}
	c.Data = corpus.Config
	corpus.Info.Notes = append(corpus.Info.Notes, s.growth(corpus.Tokenizer)...)
	r := &Run{Config: c.resolve(corpus.Tokenizer), Dir: dir, Corpus: corpus, verdict: verdict{best: math.Inf(1)}, ranks: s.Ranks}
	if err := r.start(begin(r, s)); err != nil {
		return nil, errors.Join(err, corpus.Close())
	}
	return r, nil
}

// openCorpus opens the corpus of a new run in dir, and completes c by what follows from its model and
// the tokenizer of s.
func (s *Start) openCorpus(c *Config, dir string, log io.Writer, from opener) (*data.Corpus, error) {
	tk := s.tokenizer(*c)
	if tk != nil { // the vocabulary is known, and all shapes follow from the settings
		c.Model.Common().Vocab = tk.Vocab()
		if err := s.check(c.Model); err != nil {
			return nil, err
		}
		if dir != "" {
			c.Tokenizer = tokenizer.Config{Kind: filepath.Join(dir, rundir.Tokenizer), Specials: c.Tokenizer.Specials}
		}
	}
	if n := models.SourceOf(c.Model); n > 0 {
		c.Data.Encoder = true
		if c.Data.MaxSource == 0 {
			c.Data.MaxSource = n
		}
	}
	return openCorpus(s.group(), *c, tk, log, from)
}

// Prepare prepares the corpus of configuration c for runs that ranks train apart: one rank of each file
// system writes its files.
func (s *Start) Prepare(c Config, log io.Writer) error {
	corpus, err := s.openCorpus(&c, "", log, data.Open)
	if err != nil {
		return err
	}
	return corpus.Close()
}

// start ends the beginning of a run, or its resumption, which failed with err if that is not nil. It
// has the ranks agree, then writes the run's first files, so that a failed start leaves nothing
// behind.
func (r *Run) start(err error) error {
	if err := ranks.Agree(r.group(), err); err != nil {
		return err
	}
	if err := r.agreeOnStart(); err != nil {
		return err
	}
	if r.writes() {
		err = r.openDir()
	}
	return ranks.Agree(r.group(), err)
}

// begin builds the model and its optimizer.
func (r *Run) begin(s *Start) error {
	if err := r.Config.checkMemory(r.group().Size()); err != nil {
		return err
	}
	r.Weights = graph.NewWeights(r.Config.Training.Seed)
	if err := r.declare(); err != nil {
		return err
	}
	if err := s.copyTo(r.Weights, r.Config.Model, r.Corpus.Tokenizer, r.Config.Training.Seed); err != nil {
		return err
	}
	if err := r.checkCausal(r.Weights); err != nil {
		return err
	}
	if err := r.prepare(); err != nil {
		return err
	}
	return r.openBatches()
}

// checkedInPlan is the most parameters of a model that a plan gives values to check that it
// is causal: 80 MB of them. Training and -check do so for any model.
const checkedInPlan = 20_000_000

// plan declares the model without values, and opens its batches.
func (r *Run) plan(s *Start) error {
	if err := r.Config.checkCounts(); err != nil {
		return err
	}
	r.Weights = graph.NewBlankWeights()
	if err := r.declare(); err != nil {
		return err
	}
	if err := s.fits(r.Config.Model, r.Corpus.Tokenizer); err != nil {
		return err
	}
	if r.Weights.Count() <= checkedInPlan {
		if err := r.checkCausal(graph.NewWeights(r.Config.Training.Seed)); err != nil {
			return err
		}
	}
	r.replicas = newReplicas(r.Config, r.Weights)
	return r.openBatches()
}

// declare builds the model's graph once. Parameters that the weights lack get their initial
// values, in the graph's order, and Decay of all parameters is set.
func (r *Run) declare() error {
	m := r.Config.Model
	if _, isPredictor := m.(models.Predictor); isPredictor {
		return nil // it has none
	}
	return models.Declare(m, r.Weights)
}

// checkCausal refuses a model that is to predict the next token and attends to it. It runs
// on w, whose parameters get their initial values if they have none.
func (r *Run) checkCausal(w *graph.Weights) error {
	_, isPredictor := r.Config.Model.(models.Predictor)
	if isPredictor || r.Config.Data.Task == "mask" || models.IsBidirectional(r.Config.Model) {
		return nil
	}
	return models.CheckCausal(r.Config.Model, w)
}

// prepare makes what a run needs once its weights are declared.
func (r *Run) prepare() (err error) {
	r.replicas = newReplicas(r.Config, r.Weights)
	r.replicas.group = r.group()
	if r.replicas.state, err = r.Config.stateBytes(r.Weights.All(), r.group().Size()); err != nil {
		return err
	}
	c := r.Config.Training
	r.updater, err = newUpdater(r.Config.Optimizer, r.Weights.All(), r.group(), min(c.Shards, c.Batch), c.Wire == "bf16", c.Accumulate == 1)
	if err == nil {
		r.replicas.early = newBackground(r.updater)
	}
	return err
}

// openBatches opens the training batches, and compiles the program of the next one: a batch that
// does not fit into memory, or a corpus without a validation part, is an error now and not after
// hours. A models.Predictor
// reads one sequence at a time: the text need not be enough for more.
func (r *Run) openBatches() (err error) {
	c := r.Config
	if _, isPredictor := c.Model.(models.Predictor); isPredictor {
		c.Training.Batch = 1
	}
	if r.batches, err = r.Corpus.Train(c.Training.Batch, c.Model.Common().Context, cmp.Or(c.Training.BatchSeed, c.Training.Seed)); err != nil {
		return err
	}
	if err := r.openQuestions(); err != nil {
		return err
	}
	_, err = r.Corpus.Valid(c.Training.Batch, c.Model.Common().Context)
	if _, isPredictor := c.Model.(models.Predictor); err != nil || isPredictor {
		return err
	}
	_, err = r.nextReplica()
	return err
}

// nextReplica returns the training programs of the next batch.
func (r *Run) nextReplica() (*replica, error) {
	var b data.Batch
	r.replicas.limit(&b, r.Config.Training.Batch)
	if err := r.readBatch(r.step*r.Config.Training.Accumulate, &b); err != nil {
		return nil, err
	}
	return r.replicas.of(&b)
}

// openDir writes the configuration, the tokenizer and the origin of the data, and opens the files that grow.
func (r *Run) openDir() error {
	if err := r.keepOrigin(); err != nil {
		return err
	}
	if err := writeRun(r.Dir, r.Config, r.Corpus.Tokenizer); err != nil {
		return err
	}
	return r.openLog()
}

// openLog opens the files that grow, without what they hold of steps that were not made yet. A
// step whose evaluation is pending is reported again.
func (r *Run) openLog() (err error) {
	reported := r.step
	if r.pending != nil {
		reported--
	}
	r.log, err = rundir.OpenLog(r.Dir, reported)
	return err
}
