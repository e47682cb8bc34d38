package generation

import (
	"math/rand/v2"
)

// sampler chooses the tokens of one continuation.
type sampler struct {
	Settings
	rng   *rand.Rand
	chain Chain
	c     Candidates
	cuts  []Cut // of the last step, if Settings.Observe or TopLogprobs is set
	err   error // of the settings
}

// newSampler returns the sampler of the index-th continuation, of prompt p, which ends at tokens end. It
// depends on the settings, the prompt and the index alone.
func newSampler(s Settings, p Prompt, end []int, index int) *sampler {
	chain, err := s.Chain()
	return &sampler{Settings: s, rng: rand.New(rand.NewPCG(s.Seed, uint64(index))), chain: chain.begin(p), c: Candidates{Prompt: len(p.Tokens), End: end}, err: err}
}

// NewDraw returns a function that samples a token from logits by the settings, for decoding
// loops of one's own. Processors see no tokens of a text.
func NewDraw(s Settings) func(logits []float32) (int, error) {
	draw := newSampler(s, Prompt{}, nil, 0)
	return func(logits []float32) (int, error) {
		id, _, err := draw.next(logits, nil)
		return id, err
	}
}

// next chooses the token that follows seen, the prompt and the continuation, and returns the logarithm of
// the probability that the model itself gives it, in nats.
func (s *sampler) next(logits []float32, seen []int) (id int, logprob float64, err error) {
	if err := s.process(logits, seen); err != nil {
		return 0, 0, err
	}
	if s.samples() {
		id, err = s.c.draw(s.rng)
	} else {
		id, err = s.c.best()
	}
	return id, float64(logits[id]) - s.c.model, err
}

// process makes s.c the candidates that the processors leave.
func (s *sampler) process(logits []float32, seen []int) error {
	if s.err != nil {
		return s.err
	}
	if err := s.c.reset(logits, seen); err != nil {
		return err
	}
	s.c.Left = max(0, s.Tokens-(len(seen)-s.c.Prompt))
	if s.Observe == nil && s.TopLogprobs == 0 {
		return s.chain.process(&s.c, nil)
	}
	s.cuts = nil
	return s.chain.process(&s.c, &s.cuts)
}

// draw samples a token: in the order of the weights if a processor ordered them, else in that of the ids.
func (c *Candidates) draw(rng *rand.Rand) (int, error) {
	if !finite(c.total()) || c.sum <= 0 {
		return 0, ErrNotNumbers
	}
	x := rng.Float64() * c.sum
	switch {
	case c.sparse && c.ordered:
		n, _ := reach(c.few, func(sum float64) bool { return sum > x })
		return int(c.few[n-1].id), nil
	case c.ordered:
		return c.buckets.at(c.weights, x), nil
	}
	last := 0
	if c.sparse {
		for _, t := range c.few {
			if x -= float64(t.p); x < 0 {
				return int(t.id), nil
			}
		}
		return int(c.few[len(c.few)-1].id), nil
	}
	for id, w := range c.weights {
		if x -= float64(w); x < 0 {
			return id, nil
		}
		if w > 0 {
			last = id
		}
	}
	return last, nil
}

// best returns the most likely token, the first of equal ones.
func (c *Candidates) best() (int, error) {
	id := argmax(c.Logits)
	if !finite(float64(c.Logits[id])) {
		return 0, ErrNotNumbers
	}
	return id, nil
}
