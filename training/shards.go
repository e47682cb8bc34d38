package training

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"euryale/data"
	"euryale/generation"
	"euryale/internal/kernel/parallel"
	"euryale/layers/graph"
	"euryale/models"
)

// shape is the geometry of a batch: there is one set of programs for each.
type shape struct{ b, t, s int }

// replica is the model's graph for one shape of batch, once for each shard. A shard
// takes some of the lanes; all share the weights. The mean loss of the batch is the sum
// of the shards' losses, and its gradient the sum of theirs in the shards' order, so that
// results do not depend on how many workers there are.
type replica struct {
	shards []shard
	losses []float64
	errs   []error
	feed   func(i int)
	batch  *data.Batch
	total  int
	grads  [][]*tensor.Dense
}

// shard is one graph and the lanes it takes.
type shard struct {
	*models.Program
	from, to int
}

// cut divides n lanes among shards as evenly as can be.
func cut(n, shards int) (ends []int) {
	shards = min(n, shards)
	for i := range shards {
		ends = append(ends, (i+1)*n/shards)
	}
	return ends
}

// together runs f(0) to f(n-1), at most workers at once; 0: as many as there are threads.
func together(n, workers int, f func(i int)) {
	if workers == 0 || workers >= n {
		parallel.Shards(n, f)
		return
	}
	parallel.Shards(workers, func(w int) {
		for i := w; i < n; i += workers {
			f(i)
		}
	})
}

func (r *Run) replica(b *data.Batch) (*replica, error) {
	key := shape{b.B, b.T, b.S}
	if rep := r.replicas[key]; rep != nil {
		return rep, nil
	}
	rep := &replica{}
	from := 0
	for i, to := range cut(b.B, r.Config.Training.Shards) {
		f := graph.Frame{B: to - from, T: b.T, S: b.S, First: from, Noise: r.noise, Memory: r.memory(i, to-from)}
		p, err := models.Train(r.Config.Model, r.Weights, f, models.Options{Smoothing: r.Config.Training.Smoothing})
		if err != nil {
			return nil, err
		}
		if err := r.restoreCarried(i); err != nil {
			return nil, err
		}
		rep.shards = append(rep.shards, shard{p, from, to})
		from = to
	}
	rep.losses, rep.errs = make([]float64, len(rep.shards)), make([]error, len(rep.shards))
	rep.feed = rep.runShard
	r.replicas[key] = rep
	return rep, nil
}

// memory is what a shard's lanes carry from batch to batch, or nil if they carry nothing.
func (r *Run) memory(i, lanes int) *graph.Memory {
	if r.Config.Training.BPTT != "carry" {
		return nil
	}
	for len(r.carried) <= i {
		r.carried = append(r.carried, nil)
	}
	if r.carried[i] == nil || r.carried[i].Lanes() != lanes {
		r.carried[i] = graph.NewMemory(lanes, 0)
	}
	return r.carried[i]
}

// run computes loss and gradients of a batch.
func (p *replica) run(b *data.Batch, workers int) (loss float64, err error) {
	p.batch, p.total = b, 0
	for _, id := range b.Targets {
		if id >= 0 {
			p.total++
		}
	}
	if p.total == 0 {
		return 0, fmt.Errorf("a batch has no targets at all: look at the data")
	}
	together(len(p.shards), workers, p.feed)
	for i := range p.shards {
		if p.errs[i] != nil {
			return 0, p.errs[i]
		}
		loss += p.losses[i]
	}
	return loss, nil
}

// addLosses adds share times the losses that layers have added to sums, by name.
func (p *replica) addLosses(sums []NamedLoss, share float64) []NamedLoss {
	for i, l := range p.shards[0].Losses() {
		if i == len(sums) {
			sums = append(sums, NamedLoss{Name: l.Name})
		}
		for _, s := range p.shards {
			sums[i].Value += share * s.Added(i)
		}
	}
	return sums
}

func (p *replica) runShard(i int) {
	s := p.shards[i]
	f := s.feed(p.batch)
	f.Total = p.total
	if p.errs[i] = s.Run(f); p.errs[i] == nil {
		p.losses[i] = s.Loss()
	}
}

// feed is the shard's part of a batch. Lanes whose text does not go on from the batch
// before forget what they carry.
func (s shard) feed(b *data.Batch) graph.Feed {
	f := graph.Feed{Tokens: b.Tokens[s.from*b.T : s.to*b.T], Targets: b.Targets[s.from*b.T : s.to*b.T]}
	if b.S > 0 {
		f.Source = b.Source[s.from*b.S : s.to*b.S]
	}
	if m := s.Frame().Memory; m != nil {
		for lane := s.from; lane < s.to; lane++ {
			if b.Fresh == nil || b.Fresh[lane] {
				m.Reset(lane - s.from)
			}
		}
	}
	return f
}

// gradients are those of the last run, by shard.
func (p *replica) gradients() [][]*tensor.Dense {
	p.grads = p.grads[:0]
	for _, s := range p.shards {
		p.grads = append(p.grads, s.Gradients())
	}
	return p.grads
}

// evaluator computes the loss of the validation part.
type evaluator struct {
	config   Config
	weights  *graph.Weights
	batches  data.Batcher
	programs map[shape][]shard
	stepper  generation.Stepper // of a models.Predictor, in place of programs
	batch    data.Batch
}

func newEvaluator(c Config, w *graph.Weights, corpus *data.Corpus) (*evaluator, error) {
	if p, ok := c.Model.(models.Predictor); ok {
		return newHistoryEvaluator(c, p, corpus)
	}
	batches, err := corpus.Valid(c.Training.Batch, c.Model.Common().Context)
	if err != nil {
		return nil, err
	}
	return &evaluator{config: c, weights: w, batches: batches, programs: map[shape][]shard{}}, nil
}

// loss is the mean over at least limit tokens in batches evenly spread, or over all if
// limit is 0.
func (e *evaluator) loss(limit int) (float64, error) {
	sum, total, err := e.total(limit)
	return sum / float64(total), err
}

// total is the sum of the losses, and the number of targets. Where states go from batch
// to batch, the batches are the first ones.
func (e *evaluator) total(limit int) (sum float64, total int, err error) {
	n := e.batches.Len()
	stride := 1
	if per := e.config.Training.Batch * e.config.Model.Common().Context; limit > 0 {
		stride = max(1, n*per/limit)
	}
	if e.carries() {
		n, stride = (n+stride-1)/stride, 1
	}
	for i := 0; i < n; i += stride {
		if err := e.batches.Batch(i, &e.batch); err != nil {
			return 0, 0, err
		}
		s, t, err := e.score()
		if err != nil {
			return 0, 0, fmt.Errorf("validation batch %d: %w", i, err)
		}
		sum, total = sum+s, total+t
	}
	if total == 0 {
		return 0, 0, fmt.Errorf("the validation part has no targets: give it more text")
	}
	return sum, total, nil
}

// carries tells whether states go from batch to batch, as in training.
func (e *evaluator) carries() bool { return e.config.Training.BPTT == "carry" || e.stepper != nil }

// score is the sum of the losses of a batch, and how many targets it has.
func (e *evaluator) score() (sum float64, total int, err error) {
	if e.stepper != nil {
		sum, err = e.scoreHistory()
	} else {
		sum, err = e.scoreShards()
	}
	for _, id := range e.batch.Targets {
		if id >= 0 {
			total++
		}
	}
	return sum, total, err
}

// scoreShards is the sum of the losses of a batch by the model's graph.
func (e *evaluator) scoreShards() (sum float64, err error) {
	shards, err := e.shards()
	if err != nil {
		return 0, err
	}
	errs := make([]error, len(shards))
	together(len(shards), e.config.Training.Workers, func(i int) {
		errs[i] = shards[i].Run(shards[i].feed(&e.batch))
	})
	for i, s := range shards {
		if errs[i] != nil {
			return 0, errs[i]
		}
		for _, l := range s.Value("losses") {
			sum += float64(l)
		}
	}
	return sum, nil
}

func (e *evaluator) shards() ([]shard, error) {
	b := e.batch
	key := shape{b.B, b.T, b.S}
	if s := e.programs[key]; s != nil {
		return s, nil
	}
	from := 0
	var shards []shard
	for _, to := range cut(b.B, e.config.Training.Shards) {
		f := graph.Frame{B: to - from, T: b.T, S: b.S}
		if e.carries() {
			f.Memory = graph.NewMemory(f.B, 0)
		}
		p, err := models.Score(e.config.Model, e.weights, f)
		if err != nil {
			return nil, err
		}
		shards = append(shards, shard{p, from, to})
		from = to
	}
	e.programs[key] = slices.Clone(shards)
	return shards, nil
}
