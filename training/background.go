package training

import (
	"slices"
	"sync"

	"gorgonia.org/tensor"

	"euryale/internal/ranks"
)

// background exchanges the gradients of a batch while the backward pass computes others: a round
// begins when all of the rank's shards have its gradients. It is for ranks on several machines.
type background struct {
	updater *Updater
	group   ranks.Distant
	byParam [][]int // rounds with blocks of each parameter
	params  []int   // how many parameters each round has blocks of

	mu      sync.Mutex
	changed sync.Cond
	local   [][][]float32 // gradients, by shard of the rank and parameter
	missing []int         // gradients that each round waits for
	running bool          // the shards run
	ended   chan error
}

// newBackground returns nil where gradients are exchanged after the backward pass.
func newBackground(u *Updater) *background {
	if u.exchange == nil {
		return nil
	}
	g, ok := u.exchange.group.(ranks.Distant)
	if !ok || !g.Distant() {
		return nil
	}
	rounds := u.exchange.sums.rounds
	b := &background{updater: u, group: g, byParam: make([][]int, len(u.params)), params: make([]int, len(rounds)),
		missing: make([]int, len(rounds)), ended: make(chan error, 1)}
	b.changed.L = &b.mu
	for i, r := range rounds {
		for _, block := range r.except(-1) {
			of := &b.byParam[u.exchange.blocks[block].param]
			if !slices.Contains(*of, i) {
				*of = append(*of, i)
				b.params[i]++
			}
		}
	}
	return b
}

// begin begins to exchange the gradients of a batch, of whose total shards this rank runs some.
// Until end, no other collective may be called.
func (b *background) begin(shards, total int) {
	for len(b.local) < shards {
		b.local = append(b.local, make([][]float32, len(b.byParam)))
	}
	for round, n := range b.params {
		b.missing[round] = n * shards
	}
	b.running = true
	b.group.Patient(true)
	go func() { b.ended <- b.updater.exchange.gradients(b.local[:shards], total, b.updater.add, b.wait) }()
}

// ready takes a gradient of one of the rank's shards. Outside of begin and end it does nothing.
func (b *background) ready(shard, param int, gradient *tensor.Dense) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.running {
		return
	}
	b.local[shard][param] = gradient.Float32s()
	for _, round := range b.byParam[param] {
		if b.missing[round]--; b.missing[round] == 0 {
			b.changed.Signal()
		}
	}
}

// wait returns when a round has all gradients, or reports that it lacks some after the shards have
// run: one has failed then, the batch will not be added, and what the round exchanges is of no use.
func (b *background) wait(round int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.missing[round] > 0 && b.running {
		b.changed.Wait()
	}
	return b.missing[round] == 0
}

// end returns when all rounds are exchanged, after the shards have run.
func (b *background) end() error {
	b.mu.Lock()
	b.running = false
	b.mu.Unlock()
	b.changed.Signal()
	b.group.Patient(false)
	return <-b.ended
}

// watch passes on gradients while the shards run.
func (p *replica) watch() {
	for i, s := range p.shards {
		s.WatchGradients(func(k int, gradient *tensor.Dense) { p.early.ready(i, k, gradient) })
	}
}
