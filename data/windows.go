package data

import (
	"fmt"
	"math/bits"
	"math/rand/v2"

	"euryale/data/store"
	"euryale/data/task"
)

// span is the targets lo to hi−1 of a text. Target lo is predicted from the token before it, if there
// is one.
type span struct {
	tokens *store.IDs
	lo, hi int
}

// copyWindow copies len(in) inputs and targets; the first target is token at.
func (s span) copyWindow(in, targets []int, at int) {
	s.tokens.Copy(in, at-1)
	s.tokens.Copy(targets, at)
}

// randomWindows batches windows in random order, each once in a pass over the span. The windows of
// each pass begin at another random offset, so that over many passes every start occurs.
type randomWindows struct {
	span
	batch, context int
	seed           uint64
	windows        int // windows of a pass
}

// newRandomWindows returns an error if s is shorter than one window.
func newRandomWindows(s span, batch, context int, seed uint64) (Batcher, error) {
	if err := s.checkLength(context, 1); err != nil {
		return nil, err
	}
	return &randomWindows{s, batch, context, seed, max(1, (s.hi-s.lo-context)/context)}, nil
}

// Batch fills b with the windows from n·B on, counted over all passes.
func (r *randomWindows) Batch(n int, b *Batch) error {
	b.resize(r.batch, r.context, 0)
	from, to := b.wanted()
	for seq := from; seq < to; seq++ {
		i := n*r.batch + seq
		pass := uint64(i / r.windows)
		rng := rand.NewPCG(r.seed, pass)
		offset := int(rng.Uint64() % uint64(r.hi-r.lo-r.windows*r.context))
		window := shuffled(i%r.windows, r.windows, rng.Uint64())
		in, targets := b.sequence(seq)
		r.copyWindow(in, targets, r.lo+1+offset+window*r.context)
	}
	return nil
}

// shuffled returns the image of i under a pseudo-random permutation of 0 to n−1 that depends on key
// and takes no memory: a Feistel network of four rounds over an even number of bits, applied until
// the result is below n (cycle walking, Black and Rogaway 2002).
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

// Len returns 0: batches of random windows do not end with a pass.
func (r *randomWindows) Len() int { return 0 }

// continuingWindows cuts the span into B pieces, one for each sequence of a batch, and reads each
// piece from left to right, so that recurrent state can be carried from batch to batch (truncated
// backpropagation through time). Each pass starts at a random offset, within the tokens that are left
// over by whole windows.
type continuingWindows struct {
	span
	batch, context, steps int
	seed                  uint64
}

// newContinuingWindows returns an error if s is shorter than a window for each sequence.
func newContinuingWindows(s span, batch, context int, seed uint64) (Batcher, error) {
	if err := s.checkLength(context, batch); err != nil {
		return nil, err
	}
	steps := (s.hi - s.lo - 1) / batch / context
	return &continuingWindows{s, batch, context, steps, seed}, nil
}

// Batch fills b with batch n. All sequences of the first batch of a pass are fresh, those of the
// others are not.
func (c *continuingWindows) Batch(n int, b *Batch) error {
	b.resize(c.batch, c.context, 0)
	pass, step := n/c.steps, n%c.steps
	piece := c.steps * c.context
	rng := rand.New(rand.NewPCG(c.seed, uint64(pass)))
	start := c.lo + 1 + rng.IntN(c.hi-c.lo-c.batch*piece)
	from, to := b.wanted()
	for seq := from; seq < to; seq++ {
		in, targets := b.sequence(seq)
		c.copyWindow(in, targets, start+seq*piece+step*c.context)
	}
	b.markFresh(step == 0)
	return nil
}

// Len returns the number of batches of a pass.
func (c *continuingWindows) Len() int { return c.steps }

// evaluationWindows has every token of the span once as a target. Consecutive windows go to the
// consecutive sequences of a batch or, if continues is set, to the same sequence of consecutive
// batches. The rest of the last windows is padding.
type evaluationWindows struct {
	span
	part                  int
	batch, context, steps int
	continues             bool
}

// newEvaluationWindows returns an error if s has no target.
func newEvaluationWindows(s span, part, batch, context int, continues bool) (Batcher, error) {
	if s.lo == 0 {
		s.lo = 1 // the first token of the text has no token before it
	}
	if s.hi <= s.lo {
		return nil, fmt.Errorf("the %s part has no token to predict: provide more text, or a smaller data.split", task.PartTitle(part))
	}
	windows := (s.hi - s.lo + context - 1) / context
	return &evaluationWindows{s, part, batch, context, (windows + batch - 1) / batch, continues}, nil
}

// Batch fills b with batch n, 0 ≤ n < Len.
func (e *evaluationWindows) Batch(n int, b *Batch) error {
	if n < 0 || n >= e.steps {
		return fmt.Errorf("batch %d of the %s part is out of range: there are %d", n, task.PartTitle(e.part), e.steps)
	}
	b.resize(e.batch, e.context, 0)
	b.Places = padding(nil, b.B)
	from, to := b.wanted()
	for seq := range e.batch {
		window := n*e.batch + seq
		if e.continues {
			window = seq*e.steps + n
		}
		at := e.lo + window*e.context
		got := max(0, min(e.context, e.hi-at))
		if got > 0 {
			b.Places[seq] = at - e.lo
		}
		if got > 0 && from <= seq && seq < to {
			in, targets := b.sequence(seq)
			e.copyWindow(in[:got], targets[:got], at)
		}
	}
	if e.continues {
		b.markFresh(n == 0)
	}
	return nil
}

// Len returns the number of batches that cover the span.
func (e *evaluationWindows) Len() int { return e.steps }

// checkLength returns an error if s is too short for so many windows of context inputs and targets.
func (s span) checkLength(context, windows int) error {
	if have, need := s.hi-s.lo, windows*context+1; have < need {
		return fmt.Errorf("the training part has %d tokens, but %d × a context of %d needs %d: provide more text, or a smaller context or batch",
			have, windows, context, need)
	}
	return nil
}
