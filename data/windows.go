package data

import (
	"fmt"
	"math/bits"
	"math/rand/v2"

	"euryale/data/store"
)

// stretch is tokens lo to hi of a sequence, as targets: token lo is predicted too, from the
// one before it if there is one.
type stretch struct {
	tokens *store.IDs
	lo, hi int
}

// pairs copies len(in) inputs and targets whose first target is token at.
func (s stretch) pairs(in, targets []int, at int) {
	s.tokens.Copy(in, at-1)
	s.tokens.Copy(targets, at)
}

// randomWindows deals windows in random order, each once in a pass over the stretch. Every
// pass cuts the windows at another offset, so that in time all starts are met.
type randomWindows struct {
	stretch
	lanes, context int
	seed           uint64
	windows        int // of a pass
}

// newRandomWindows checks that s holds at least one window.
func newRandomWindows(s stretch, lanes, context int, seed uint64) (Batcher, error) {
	if err := s.holds(context, 1); err != nil {
		return nil, err
	}
	return &randomWindows{s, lanes, context, seed, max(1, (s.hi-s.lo-context)/context)}, nil
}

// Batch deals the windows n·lanes and so on, counted over all passes.
func (r *randomWindows) Batch(n int, b *Batch) error {
	b.resize(r.lanes, r.context, 0)
	for lane := range r.lanes {
		i := n*r.lanes + lane
		pass := uint64(i / r.windows)
		rng := rand.NewPCG(r.seed, pass)
		offset := int(rng.Uint64() % uint64(r.hi-r.lo-r.windows*r.context))
		window := shuffled(i%r.windows, r.windows, rng.Uint64())
		in, targets := b.lane(lane)
		r.pairs(in, targets, r.lo+1+offset+window*r.context)
	}
	return nil
}

// shuffled is where i, of n, goes in the random order of a key: a permutation that takes no
// memory, whatever n. It is a Feistel network of four rounds over an even number of bits,
// walked until it ends below n (Black and Rogaway 2002).
func shuffled(i, n int, key uint64) int {
	half := (bits.Len(uint(n-1)) + 1) / 2
	mask := uint64(1)<<half - 1
	x := uint64(i)
	for {
		left, right := x>>half, x&mask
		for round := range uint64(4) {
			h := (right ^ key ^ round<<60) * 0x9e3779b97f4a7c15
			h = (h ^ h>>32) * 0xd1b54a32d192ed03
			left, right = right, left^(h>>40)&mask
		}
		if x = left<<half | right; x < uint64(n) {
			return int(x)
		}
	}
}

// Len is 0: random windows never make a pass.
func (r *randomWindows) Len() int { return 0 }

// continuingWindows cuts the stretch into one piece for each lane and deals each piece from
// left to right, so that a recurrent state can be carried from batch to batch (truncated
// backpropagation through time). Every pass starts at another offset, drawn from the seed,
// within the tokens that do not fill a whole window.
type continuingWindows struct {
	stretch
	lanes, context, steps int
	seed                  uint64
}

// newContinuingWindows checks that s holds a window for each lane.
func newContinuingWindows(s stretch, lanes, context int, seed uint64) (Batcher, error) {
	if err := s.holds(context, lanes); err != nil {
		return nil, err
	}
	steps := (s.hi - s.lo - 1) / lanes / context
	return &continuingWindows{s, lanes, context, steps, seed}, nil
}

// Batch marks all lanes fresh at the start of a pass and none elsewhere.
func (c *continuingWindows) Batch(n int, b *Batch) error {
	b.resize(c.lanes, c.context, 0)
	pass, step := n/c.steps, n%c.steps
	piece := c.steps * c.context
	rng := rand.New(rand.NewPCG(c.seed, uint64(pass)))
	start := c.lo + 1 + rng.IntN(c.hi-c.lo-c.lanes*piece)
	for lane := range c.lanes {
		in, targets := b.lane(lane)
		c.pairs(in, targets, start+lane*piece+step*c.context)
	}
	b.markFresh(step == 0)
	return nil
}

// Len is the number of batches of a pass.
func (c *continuingWindows) Len() int { return c.steps }

// evaluationWindows deals every token of the stretch once as a target, in order: window after
// window, lane after lane, or, if lanes continue, each lane its own contiguous piece. What is
// left over is padding.
type evaluationWindows struct {
	stretch
	lanes, context, steps int
	continues             bool
}

// newEvaluationWindows accepts a stretch of any length but nothing.
func newEvaluationWindows(s stretch, lanes, context int, continues bool) (Batcher, error) {
	if s.lo == 0 {
		s.lo = 1 // nothing comes before the first token of all
	}
	if s.hi <= s.lo {
		return nil, fmt.Errorf("the validation part has no token to predict: give more text, or a smaller data.split")
	}
	windows := (s.hi - s.lo + context - 1) / context
	return &evaluationWindows{s, lanes, context, (windows + lanes - 1) / lanes, continues}, nil
}

// Batch deals batch n of Len.
func (e *evaluationWindows) Batch(n int, b *Batch) error {
	if n < 0 || n >= e.steps {
		return fmt.Errorf("validation batch %d does not exist: there are %d", n, e.steps)
	}
	b.resize(e.lanes, e.context, 0)
	for lane := range e.lanes {
		window := n*e.lanes + lane
		if e.continues {
			window = lane*e.steps + n
		}
		at := e.lo + window*e.context
		in, targets := b.lane(lane)
		if got := max(0, min(e.context, e.hi-at)); got > 0 {
			e.pairs(in[:got], targets[:got], at)
		}
	}
	if e.continues {
		b.markFresh(n == 0)
	}
	return nil
}

// Len is the number of batches that hold the whole stretch.
func (e *evaluationWindows) Len() int { return e.steps }

// holds reports a stretch too short for so many windows of context inputs and targets.
func (s stretch) holds(context, windows int) error {
	if have, need := s.hi-s.lo, windows*context+1; have < need {
		return fmt.Errorf("the training part has %d tokens, but %d × a context of %d needs %d: give more text, or a smaller context or batch",
			have, windows, context, need)
	}
	return nil
}
