package training

import (
	"errors"
	"fmt"
	"maps"
	"math/bits"

	"gorgonia.org/tensor"

	"euryale/data"
	"euryale/internal/kernel/parallel"
	"euryale/internal/ranks"
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
// that they carry from batch to batch. Among ranks, each has the programs and states of its
// part of the shards.
type replicas struct {
	group    ranks.Group
	model    models.Model
	settings Settings
	weights  *graph.Weights
	noise    *graph.Noise
	state    float64 // bytes of weights, the optimizer's state and sums of gradients; 0: the programs are only planned
	byShape  map[shape]*replica
	carried  []*graph.Memory              // of each shard, when state is carried; nil: of another rank
	resumed  map[int]map[string][]float32 // states of a checkpoint, until their shard is built
	before   map[int]map[string][]float32 // states before the update that is being made
	clock    *clock                       // of Measure; nil: nothing is timed
	early    *background                  // exchanges gradients while others are computed; nil: nothing does
}

func newReplicas(c Config, w *graph.Weights) *replicas {
	return &replicas{group: ranks.Alone{}, model: c.Model, settings: c.Training, weights: w, byShape: map[shape]*replica{},
		noise: &graph.Noise{Seed: bits.Reverse64(c.Training.Seed)}} // dropout's stream is not that of the weights
}

// replica is the model's training program for one shape of batch, once for each shard. A
// shard computes some of the sequences; all share the weights. The loss of the batch is the
// sum of the shards' losses, and its gradient the sum of theirs in the shards' order, so that
// results do not depend on the number of workers and ranks.
type replica struct {
	group  ranks.Group
	shards []shard // those of this rank
	first  int     // of them, among all shards of the batch
	total  int     // shards of the batch, on all ranks
	losses []float64
	errs   []error
	added  [][]float64 // losses that layers have added, by shard of the batch
	runOne func(i int)
	early  *background  // nil: gradients are exchanged after the run
	sum    *gradientSum // nil: those of each shard are kept
	batch  *data.Batch
	over   int // targets that the losses are the mean over
	grads  [][]*tensor.Dense
}

// share returns which of so many shards are those of this rank: [from, to).
func (r *replicas) share(shards int) (from, to int) {
	return ranks.Part(ranks.Ends(shards, r.group.Size()), r.group.Rank())
}

// limit has a batch of n sequences read those of this rank's shards only.
func (r *replicas) limit(b *data.Batch, n int) {
	if r.group.Size() == 1 {
		return
	}
	ends := cut(n, r.settings.Shards)
	first, last := r.share(len(ends))
	b.From, b.To = 0, ends[max(0, last-1)]
	if first > 0 {
		b.From = ends[first-1]
	}
}

// of returns the replica for a batch, compiled when its shape is new.
func (r *replicas) of(b *data.Batch) (*replica, error) {
	key := shape{b.B, b.T, b.S}
	if rep := r.byShape[key]; rep != nil {
		return rep, nil
	}
	ends := cut(b.B, r.settings.Shards)
	rep := &replica{group: r.group, total: len(ends), early: r.early}
	first, last := r.share(rep.total)
	rep.first = first
	from := 0
	for i, to := range ends {
		if i >= first && i < last {
			s, err := r.compile(i, graph.Frame{B: to - from, T: b.T, S: b.S, First: from, Noise: r.noise, Memory: r.memory(i, to-from), Recompute: r.settings.Recompute == "block"})
			if err != nil {
				return nil, err
			}
			rep.shards = append(rep.shards, s)
		}
		from = to
	}
	if err := r.checkMemory(rep, b); err != nil {
		return nil, err
	}
	if len(rep.shards) > 1 && r.sums() {
		rep.addUp()
	}
	rep.losses, rep.errs, rep.added = make([]float64, rep.total), make([]error, rep.total), make([][]float64, rep.total)
	rep.runOne = r.clock.around(rep)
	if rep.early != nil {
		rep.watch()
	}
	r.byShape[key] = rep
	return rep, nil
}

// compile compiles the program of a shard.
func (r *replicas) compile(i int, f graph.Frame) (shard, error) {
	p, err := models.Train(r.model, r.weights, f, models.Options{Smoothing: r.settings.Smoothing, Timed: r.clock != nil, Passing: i > 0 && r.sums()})
	if err != nil {
		return shard{}, err
	}
	if f.Recompute && p.Blocks() == 0 {
		return shard{}, errors.New("training.recompute is \"block\", but the model declares no block: declare its layers with Scope.Block, or set training.recompute = \"none\"")
	}
	return shard{p, f.First, f.First + f.B}, r.restore(i)
}

// sums reports whether the gradients of shards are added up while these run: an update has one batch,
// and nothing is done with the gradients before.
func (r *replicas) sums() bool {
	return r.group.Size() == 1 && r.settings.Accumulate == 1 && r.settings.Wire != "bf16"
}

// checkMemory refuses a program whose values do not fit into memory with those of the others.
func (r *replicas) checkMemory(added *replica, b *data.Batch) error {
	if r.state == 0 {
		return nil
	}
	bytes := added.bytes()
	for _, rep := range r.byShape {
		bytes += rep.bytes()
	}
	advice := "lower training.batch (training.accumulate adds batches up), model.context, or " + sizesOf(r.model)
	if r.settings.Recompute == "none" && added.shards[0].Blocks() > 0 {
		advice += ", or set training.recompute = \"block\""
	}
	return checkMemory(fmt.Sprintf("training with batches of %d sequences of %d tokens", b.B, b.T), r.state+float64(bytes), advice)
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

// ofRank returns the states of this rank's shards.
func (r *replicas) ofRank(states map[int]map[string][]float32) map[int]map[string][]float32 {
	from, to := r.share(len(cut(r.settings.Batch, r.settings.Shards)))
	own := maps.Clone(states)
	maps.DeleteFunc(own, func(shard int, _ map[string][]float32) bool {
		return r.group.Size() > 1 && (shard < from || shard >= to)
	})
	return own
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
	r.resumed = r.ofRank(states)
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
	if p.early != nil {
		p.early.begin(len(p.shards), p.total)
	}
	p.runShards(b, targets, workers)
	if p.early != nil {
		if err := p.early.end(); err != nil {
			return 0, err
		}
	}
	if p.group.Size() > 1 {
		if err := p.share(); err != nil {
			return 0, err
		}
	}
	for i := range p.total {
		if p.errs[i] != nil {
			return 0, p.errs[i]
		}
		loss += p.losses[i]
	}
	return loss, nil
}

// runShards runs this rank's shards of a batch.
func (p *replica) runShards(b *data.Batch, targets, workers int) {
	p.batch, p.over = b, targets
	if p.sum != nil {
		p.sum.begin()
	}
	runShards(len(p.shards), workers, p.runOne)
}

func (p *replica) runShard(i int) {
	s, of := p.shards[i], p.first+i
	f := s.feed(p.batch)
	f.Total = p.over
	complete := false
	defer func() {
		if p.sum != nil && !complete {
			p.sum.fail()
		}
	}()
	if p.errs[of] = s.Run(f); p.errs[of] != nil {
		return
	}
	complete = true
	p.losses[of], p.added[of] = s.Loss(), p.added[of][:0]
	for k := range s.Losses() {
		p.added[of] = append(p.added[of], s.Added(k))
	}
}

// addLosses adds the losses that layers have added, of the last run, to sums.
func (p *replica) addLosses(sums []NamedLoss) []NamedLoss {
	for i, l := range p.shards[0].Losses() {
		if i == len(sums) {
			sums = append(sums, NamedLoss{Name: l.Name})
		}
		for _, added := range p.added {
			sums[i].Value += added[i]
		}
	}
	return sums
}

// addUp has the shards' gradients added up while they run.
func (p *replica) addUp() {
	p.sum = newGradientSum(len(p.shards[0].Params()), len(p.shards))
	for i, s := range p.shards {
		s.WatchGradients(func(k int, gradient *tensor.Dense) { p.sum.add(i, k, gradient) })
	}
}

// gradients returns those of the last run, by shard, or their sum as that of one.
func (p *replica) gradients() [][]*tensor.Dense {
	p.grads = p.grads[:0]
	for _, s := range p.shards {
		if p.sum != nil && len(p.grads) == 1 {
			break
		}
		p.grads = append(p.grads, s.Gradients())
	}
	return p.grads
}
