package training

import (
	"context"
	"fmt"
	"slices"

	"euryale/data"
	"euryale/generation"
	"euryale/internal/ranks"
	"euryale/layers/graph"
	"euryale/models"
)

// evaluator computes the loss of a part of a corpus.
type evaluator struct {
	of       string // the name of the part
	config   Config
	weights  *graph.Weights
	batches  data.Batcher
	programs map[shape][]shard
	stepper  generation.Stepper // of a models.Predictor, in place of programs
	batch    data.Batch
	byPart   []partLoss // of a mixture, what the last total is of

	group   ranks.Group  // that share the shards of each batch
	consult func() error // called before each batch, for ranks to end together
	losses  []float32    // among ranks: of all rows of the batch
}

func newEvaluator(c Config, w *graph.Weights, corpus *data.Corpus, part string) (*evaluator, error) {
	if p, ok := c.Model.(models.Predictor); ok {
		return newHistoryEvaluator(c, p, corpus, part)
	}
	batches, err := corpus.Part(part, c.Training.Batch, c.Model.Common().Context)
	if err != nil {
		return nil, err
	}
	return &evaluator{of: part, config: c, weights: w, batches: batches, programs: map[shape][]shard{}, group: ranks.Alone{}}, nil
}

// stride returns the distance between the batches of an evaluation over at least limit tokens,
// if there are so many; 0: of all. It skips no batch of a part with fewer than 2·limit.
func (e *evaluator) stride(limit int) int {
	if limit == 0 {
		return 1
	}
	return max(1, e.batches.Len()*e.config.Training.Batch*e.config.Model.Common().Context/limit)
}

// total returns the sum of the losses over at least limit tokens, in batches evenly spread over
// the part, and the number of targets; 0: over all of it. When state is carried from batch to
// batch it reads the first batches instead of spread ones. When ctx ends, its error is returned
// with the sum so far. Progress, which may be nil, is called with numbers of batches.
func (e *evaluator) total(ctx context.Context, limit int, progress func(done, total int)) (sum float64, targets int, err error) {
	e.byPart = e.byPart[:0]
	stride := e.stride(limit)
	n := (e.batches.Len() + stride - 1) / stride
	if e.carries() {
		stride = 1
	}
	for i := range n {
		if e.consult != nil {
			if err := e.consult(); err != nil {
				return 0, 0, err
			}
		}
		if err := ctx.Err(); err != nil {
			return sum, targets, err
		}
		e.limit()
		if err := e.batches.Batch(i*stride, &e.batch); err != nil {
			return 0, 0, err
		}
		s, count, err := e.score()
		if err != nil {
			return 0, 0, fmt.Errorf("%s part, batch %d: %w", e.of, i*stride, err)
		}
		sum, targets = sum+s, targets+count
		e.addPart(i*stride, s, count)
		if progress != nil {
			progress(i+1, n)
		}
	}
	if targets == 0 {
		return 0, 0, fmt.Errorf("the %s part has no targets: give it more text", e.of)
	}
	return sum, targets, nil
}

// partLoss is the loss of one corpus of a mixture.
type partLoss struct {
	tag     string
	sum     float64
	targets int
}

// addPart adds the loss of a batch to that of its corpus, if there are several.
func (e *evaluator) addPart(n int, sum float64, targets int) {
	mixed, ok := e.batches.(data.Parted)
	if !ok {
		return
	}
	tag := mixed.PartOf(n)
	i := slices.IndexFunc(e.byPart, func(p partLoss) bool { return p.tag == tag })
	if i < 0 {
		i = len(e.byPart)
		e.byPart = append(e.byPart, partLoss{tag: tag})
	}
	e.byPart[i].sum += sum
	e.byPart[i].targets += targets
}

// parts returns the mean loss of each corpus of a mixture.
func (e *evaluator) parts() (means []NamedLoss) {
	for _, p := range e.byPart {
		means = append(means, NamedLoss{p.tag, p.sum / float64(max(1, p.targets))})
	}
	return means
}

// carries reports whether recurrent state is carried from batch to batch, as in training.
func (e *evaluator) carries() bool { return e.config.Training.BPTT == "carry" || e.stepper != nil }

// score returns the sum of the losses of the batch, and the number of its targets.
func (e *evaluator) score() (sum float64, targets int, err error) {
	if e.stepper != nil {
		sum, err = e.scoreHistory()
		return sum, countTargets(&e.batch), err
	}
	shards, err := e.run()
	if e.group.Size() > 1 {
		return e.share(shards, err)
	}
	if err != nil {
		return 0, 0, err
	}
	for _, s := range shards {
		for _, l := range s.Value("losses") {
			sum += float64(l)
		}
	}
	return sum, countTargets(&e.batch), nil
}

// run runs this rank's shards of the batch.
func (e *evaluator) run() ([]shard, error) {
	shards, err := e.shards()
	if err != nil {
		return nil, err
	}
	errs := make([]error, len(shards))
	runShards(len(shards), e.config.Training.Workers, func(i int) {
		errs[i] = shards[i].Run(shards[i].feed(&e.batch))
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return shards, nil
}

// shards returns the scoring programs for the batch, compiled when its shape is new.
func (e *evaluator) shards() (shards []shard, err error) {
	b := &e.batch
	key := shape{b.B, b.T, b.S}
	if s := e.programs[key]; s != nil {
		return s, nil
	}
	ends := cut(b.B, e.config.Training.Shards)
	first, last := e.part(len(ends))
	from, bytes := 0, 4*countValues(e.weights.All())
	for i, to := range ends {
		if i < first || i >= last { // another rank's
			from = to
			continue
		}
		f := graph.Frame{B: to - from, T: b.T, S: b.S}
		if e.carries() {
			f.Memory = graph.NewMemory(f.B, 0)
		}
		p, err := models.Score(e.config.Model, e.weights, f)
		if err != nil {
			return nil, err
		}
		shards = append(shards, shard{p, from, to})
		bytes += float64(p.Tape().PlannedBytes())
		from = to
	}
	if err := checkMemory(fmt.Sprintf("an evaluation of %d sequences of %d tokens at once", b.B, b.T), bytes, "lower training.batch or model.context"); err != nil {
		return nil, err
	}
	e.programs[key] = shards
	return shards, nil
}
