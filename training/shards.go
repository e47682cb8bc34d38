package training

import (
	"fmt"
	"maps"
	"math/bits"

	"gorgonia.org/tensor"

	"euryale/data"
	"euryale/internal/kernel/parallel"
	"euryale/layers/graph"
	"euryale/models"
)

// shape is the geometry of a batch: B sequences of T tokens, with sources of S.
type shape struct{ b, t, s int }

// shard is a compiled program and the sequences of the batch that it computes.
type shard struct {
	*models.Program
	from, to int
}

// cut divides n sequences among shards as evenly as possible.
func cut(n, shards int) (ends []int) {
	shards = min(n, shards)
	for i := range shards {
		ends = append(ends, (i+1)*n/shards)
	}
	return ends
}

// runShards runs f(0) to f(n-1), at most workers at once; 0: one for each thread.
func runShards(n, workers int, f func(i int)) {
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

// feed returns the shard's part of a batch. It resets the recurrent state of sequences
// whose text does not continue the previous batch.
func (s shard) feed(b *data.Batch) graph.Feed { return s.feedOf(b, s.Frame().Memory) }

// feedOf is feed for a program of the shard with another memory, or nil.
func (s shard) feedOf(b *data.Batch, m *graph.Memory) graph.Feed {
	f := graph.Feed{Tokens: b.Tokens[s.from*b.T : s.to*b.T], Targets: b.Targets[s.from*b.T : s.to*b.T]}
	if b.S > 0 {
		f.Source = b.Source[s.from*b.S : s.to*b.S]
	}
	if m != nil {
		for i := s.from; i < s.to; i++ {
			if b.Fresh == nil || b.Fresh[i] {
				m.Reset(i - s.from)
			}
		}
	}
	return f
}

// countTargets returns how many targets a batch has.
func countTargets(b *data.Batch) (n int) {
	for _, id := range b.Targets {
		if id >= 0 {
			n++
		}
	}
	return n
}

// replicas are a model's training programs, by shape of batch, and the recurrent states
// that they carry from batch to batch.
type replicas struct {
	model    models.Model
	settings Settings
	weights  *graph.Weights
	noise    *graph.Noise
	state    float64 // bytes of weights, gradients and the optimizer's state; 0: the programs are only planned
	byShape  map[shape]*replica
	carried  []*graph.Memory              // of each shard, when state is carried
	resumed  map[int]map[string][]float32 // states of a checkpoint, until their shard is built
	before   map[int]map[string][]float32 // states before the update that is being made
	clock    *clock                       // of Measure; nil: nothing is timed
}

func newReplicas(c Config, w *graph.Weights) *replicas {
	return &replicas{model: c.Model, settings: c.Training, weights: w, byShape: map[shape]*replica{},
		noise: &graph.Noise{Seed: bits.Reverse64(c.Training.Seed)}} // dropout's stream is not that of the weights
}

// replica is the model's training program for one shape of batch, once for each shard. A
// shard computes some of the sequences; all share the weights. The loss of the batch is the
// sum of the shards' losses, and its gradient the sum of theirs in the shards' order, so that
// results do not depend on the number of workers.
type replica struct {
	shards []shard
	losses []float64
	errs   []error
	runOne func(i int)
	batch  *data.Batch
	total  int // targets that the losses are the mean over
	grads  [][]*tensor.Dense
}

// of returns the replica for a batch, compiled when its shape is new.
func (r *replicas) of(b *data.Batch) (*replica, error) {
	key := shape{b.B, b.T, b.S}
	if rep := r.byShape[key]; rep != nil {
		return rep, nil
	}
	rep := &replica{}
	from := 0
	for i, to := range cut(b.B, r.settings.Shards) {
		f := graph.Frame{B: to - from, T: b.T, S: b.S, First: from, Noise: r.noise, Memory: r.memory(i, to-from)}
		p, err := models.Train(r.model, r.weights, f, models.Options{Smoothing: r.settings.Smoothing, Timed: r.clock != nil})
		if err != nil {
			return nil, err
		}
		if err := r.restore(i); err != nil {
			return nil, err
		}
		rep.shards = append(rep.shards, shard{p, from, to})
		from = to
	}
	if err := r.checkMemory(rep); err != nil {
		return nil, err
	}
	rep.losses, rep.errs = make([]float64, len(rep.shards)), make([]error, len(rep.shards))
	rep.runOne = r.clock.around(rep)
	r.byShape[key] = rep
	return rep, nil
}

// checkMemory refuses a program whose values do not fit into memory with those of the others.
func (r *replicas) checkMemory(added *replica) error {
	if r.state == 0 {
		return nil
	}
	bytes := added.bytes()
	for _, rep := range r.byShape {
		bytes += rep.bytes()
	}
	b := added.shards[len(added.shards)-1]
	return checkMemory(fmt.Sprintf("training with batches of %d sequences of %d tokens", b.to, b.Frame().T), r.state+float64(bytes),
		"lower training.batch (training.accumulate adds batches up), model.context, or "+sizesOf(r.model))
}

// bytes returns the memory of the shards' values and gradients, by the plan.
func (p *replica) bytes() (n int) {
	for _, s := range p.shards {
		n += s.Tape().PlannedBytes()
	}
	return n
}

// memory returns what a shard of n sequences carries from batch to batch, or nil if
// training.bptt does not carry state.
func (r *replicas) memory(i, n int) *graph.Memory {
	if r.settings.BPTT != "carry" {
		return nil
	}
	for len(r.carried) <= i {
		r.carried = append(r.carried, nil)
	}
	if r.carried[i] == nil || r.carried[i].Sequences() != n {
		r.carried[i] = graph.NewMemory(n, 0)
	}
	return r.carried[i]
}

// restore sets a shard's recurrent states to those of the checkpoint, once.
func (r *replicas) restore(i int) error {
	states := r.resumed[i]
	if states == nil || i >= len(r.carried) {
		return nil
	}
	delete(r.resumed, i)
	return r.carried[i].Restore(states)
}

// states returns the carried states by shard, for a checkpoint.
func (r *replicas) states() map[int]map[string][]float32 {
	states := map[int]map[string][]float32{}
	maps.Copy(states, r.resumed)
	for i, m := range r.carried {
		if m != nil {
			states[i] = m.Carried()
		}
	}
	return states
}

// setStates sets the carried states to those of a checkpoint.
func (r *replicas) setStates(states map[int]map[string][]float32) error {
	r.resumed = maps.Clone(states)
	for i, m := range r.carried {
		if m == nil {
			continue
		}
		if len(states[i]) == 0 { // saved before the first update
			for seq := range m.Sequences() {
				m.Reset(seq)
			}
		}
		if err := r.restore(i); err != nil {
			return err
		}
	}
	return nil
}

// run computes a batch's part of the mean loss over so many targets, and of its gradients.
func (p *replica) run(b *data.Batch, targets, workers int) (loss float64, err error) {
	p.batch, p.total = b, targets
	runShards(len(p.shards), workers, p.runOne)
	for i := range p.shards {
		if p.errs[i] != nil {
			return 0, p.errs[i]
		}
		loss += p.losses[i]
	}
	return loss, nil
}

func (p *replica) runShard(i int) {
	s := p.shards[i]
	f := s.feed(p.batch)
	f.Total = p.total
	if p.errs[i] = s.Run(f); p.errs[i] == nil {
		p.losses[i] = s.Loss()
	}
}

// addLosses adds the losses that layers have added, of the last run, to sums.
func (p *replica) addLosses(sums []NamedLoss) []NamedLoss {
	for i, l := range p.shards[0].Losses() {
		if i == len(sums) {
			sums = append(sums, NamedLoss{Name: l.Name})
		}
		for _, s := range p.shards {
			sums[i].Value += s.Added(i)
		}
	}
	return sums
}

// gradients returns those of the last run, by shard.
func (p *replica) gradients() [][]*tensor.Dense {
	p.grads = p.grads[:0]
	for _, s := range p.shards {
		p.grads = append(p.grads, s.Gradients())
	}
	return p.grads
}
