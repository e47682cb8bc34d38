package training

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"euryale/data"
	"euryale/internal/runfile"
	"euryale/models"
	"euryale/models/ngram"
	"euryale/training/rundir"
)

// Counted is what counting n-grams made: a run whose model has no graph.
type Counted struct {
	Saved
	Describe string  // what was counted
	Loss     float64 // mean over the validation part, in nats per token
}

// IsCounted says whether the model is trained by Count, not by a Run.
func (c Config) IsCounted() bool { _, ok := c.Model.(*models.NGram); return ok }

// Count trains an n-gram model on the whole training part and lays it down as a run in
// dir; if dir is empty it leaves no files. Of the settings of training only the seed
// counts, and the batch not at all: running text is read from left to right.
func Count(c Config, dir string, log io.Writer) (*Counted, error) {
	began := time.Now()
	m, isCounted := c.Model.(*models.NGram)
	if !isCounted {
		return nil, fmt.Errorf("the model %s is not counted: train it", c.ModelName)
	}
	if dir != "" && rundir.Holds(dir, rundir.Config) {
		return nil, fmt.Errorf("%s holds a run already: choose another -out", dir)
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	corpus, err := openInOrder(c, log)
	if err != nil {
		return nil, err
	}
	defer corpus.Close()
	c.Data = corpus.Config
	c = c.resolve(corpus.Tokenizer)
	counts, err := count(corpus, m, c.Training.Seed)
	if err != nil {
		return nil, err
	}
	out := &Counted{Saved: Saved{Config: c, Tokenizer: corpus.Tokenizer, Counts: counts},
		Describe: fmt.Sprintf("%s\nmodel: ngram, different n-grams from 1 to %d tokens: %v", corpus.Describe(), m.Order, counts.Grams())}
	sum, tokens, err := out.counted(corpus)
	if err != nil {
		return nil, err
	}
	out.Loss = sum / float64(tokens)
	if dir == "" {
		return out, nil
	}
	return out, out.lay(dir, corpus.Info.Train, time.Since(began))
}

// openInOrder opens the corpus so that running text is dealt from left to right.
func openInOrder(c Config, log io.Writer) (*data.Corpus, error) {
	corpus, err := data.Open(c.Data, c.Tokenizer, nil, data.Options{Log: log})
	if err != nil || corpus.Config.Task != "lm" || corpus.Config.Target != "" || corpus.Config.Order == "sequential" {
		return corpus, err
	}
	if err := corpus.Close(); err != nil {
		return nil, err
	}
	c.Data.Order = "sequential"
	return data.Open(c.Data, c.Tokenizer, corpus.Tokenizer, data.Options{})
}

// count reads one pass of the training part.
func count(corpus *data.Corpus, m *models.NGram, seed uint64) (*ngram.Model, error) {
	batches, err := corpus.Train(1, m.Context, seed)
	if err != nil {
		return nil, err
	}
	counter, err := ngram.NewCounter(m.Vocab, m.Order)
	if err != nil {
		return nil, err
	}
	var b data.Batch
	for i := range batches.Len() {
		if err := batches.Batch(i, &b); err != nil {
			return nil, err
		}
		for lane := range b.B {
			fresh := b.Fresh == nil || b.Fresh[lane]
			if err := counter.Read(b.Tokens[lane*b.T:(lane+1)*b.T], b.Targets[lane*b.T:(lane+1)*b.T], fresh); err != nil {
				return nil, err
			}
		}
	}
	return counter.Model()
}

// counted is the sum of the losses over the validation part, and the number of targets.
func (s *Saved) counted(corpus *data.Corpus) (sum float64, tokens int, err error) {
	batches, err := corpus.Valid(1, s.Config.Model.Common().Context)
	if err != nil {
		return 0, 0, err
	}
	var b data.Batch
	var history []int
	for i := range batches.Len() {
		if err := batches.Batch(i, &b); err != nil {
			return 0, 0, err
		}
		if b.Fresh == nil || b.Fresh[0] {
			history = history[:0]
		}
		for t := 0; t < len(b.Tokens) && b.Tokens[t] >= 0; t++ {
			history = append(history, b.Tokens[t])
			if b.Targets[t] < 0 {
				continue
			}
			lp, err := s.Counts.LogProb(history, b.Targets[t])
			if err != nil {
				return 0, 0, err
			}
			sum, tokens = sum-lp, tokens+1
		}
	}
	if tokens == 0 {
		return 0, 0, fmt.Errorf("the validation part has no targets: give it more text")
	}
	return sum, tokens, nil
}

// lay writes the run's files: those of any run, without an optimiser's state.
func (c *Counted) lay(dir string, tokens int, took time.Duration) error {
	if err := writeRun(dir, c.Config, c.Tokenizer); err != nil {
		return err
	}
	metrics, err := runfile.OpenMetrics(filepath.Join(dir, "metrics.jsonl"), 0)
	if err != nil {
		return err
	}
	defer metrics.Close()
	if err := metrics.Append(runfile.Record{Values: map[string]float64{"val_loss": c.Loss, "tokens": float64(tokens), "seconds": took.Seconds()}}); err != nil {
		return err
	}
	return c.Counts.Save(filepath.Join(dir, "weights.safetensors"))
}
