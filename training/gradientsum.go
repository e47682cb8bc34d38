package training

import (
	"sync"

	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
)

// gradientSum adds up the gradients of a batch's shards while these run, in the memory of the first one's: the others
// need memory for those gradients only that they are computing. A shard waits with each gradient for the shards
// before it, so that the sum is in their order.
type gradientSum struct {
	mu      sync.Mutex
	changed sync.Cond
	sums    [][]float32 // gradients of the first shard, by parameter
	shards  []int       // how many shards are in the sum, by parameter
	failed  bool        // a shard has: the sums are of no use
	watched bool        // finite is kept
	finite  []bool      // by shard
}

func newGradientSum(params, shards int) *gradientSum {
	s := &gradientSum{sums: make([][]float32, params), shards: make([]int, params), finite: make([]bool, shards)}
	s.changed.L = &s.mu
	return s
}

// begin forgets the gradients of the last batch.
func (s *gradientSum) begin() {
	clear(s.shards)
	s.failed = false
	for i := range s.finite {
		s.finite[i] = true
	}
}

// add adds a gradient of a shard, after those of the shards before it.
func (s *gradientSum) add(shard, param int, gradient *tensor.Dense) {
	g := gradient.Float32s()
	if s.watched {
		s.finite[shard] = s.finite[shard] && allFinite(g)
	}
	s.mu.Lock()
	for s.shards[param] != shard && !s.failed {
		s.changed.Wait()
	}
	failed := s.failed
	s.mu.Unlock()
	switch {
	case failed:
		return
	case shard == 0:
		s.sums[param] = g
	default:
		vec.Add(s.sums[param], s.sums[param], g)
	}
	s.mu.Lock()
	s.shards[param]++
	s.mu.Unlock()
	s.changed.Broadcast()
}

// fail ends the waiting: a shard lacks gradients.
func (s *gradientSum) fail() {
	s.mu.Lock()
	s.failed = true
	s.mu.Unlock()
	s.changed.Broadcast()
}

func allFinite(x []float32) bool {
	for _, v := range x {
		if !isFinite(float64(v)) {
			return false
		}
	}
	return true
}
