package generation

// speculate guesses tokens of all rows, checks the guesses, and makes those that are right and the token
// after them part of the continuations.
func (b *batch) speculate() error {
	if err := b.spec.guess(b.rows); err != nil {
		return err
	}
	at, err := b.spec.read(b.rows, b.ids)
	if err != nil {
		return err
	}
	for i, c := range b.rows {
		if c == nil {
			continue
		}
		g := &b.spec.rows[i]
		c.result.Speculation.Passes++
		c.result.Speculation.Guessed += len(g.tokens)
		held, right := b.stepper.Len(i)-len(g.tokens), 0
		for right <= len(g.tokens) {
			ok := c.check(g, right, at(i, right))
			if ok {
				right++
				c.result.Speculation.Accepted++
			}
			if err := b.settle(i, c); err != nil {
				return err
			}
			if !ok || b.rows[i] == nil {
				break
			}
		}
		if b.rows[i] == nil {
			continue
		}
		if right < len(g.tokens) {
			if err := b.stepper.Truncate(i, held+right); err != nil {
				return err
			}
		}
		if err := b.spec.accepted(i, right, c.next); err != nil {
			return err
		}
	}
	return nil
}

// check chooses the next token by the model's logits, and reports whether it is token j of a guess. After
// the guess no token is.
func (c *continuation) check(g *guess, j int, logits []float32) (right bool) {
	c.logits = logits
	if j == len(g.tokens) {
		c.next, c.logprob, c.err = c.sampler.next(logits, c.seen)
		return false
	}
	var dist []float32
	if len(g.dists) > 0 {
		dist = g.dists[j]
	}
	c.next, c.logprob, right, c.err = c.sampler.check(logits, c.seen, g.tokens[j], dist)
	return right
}

// check chooses the token that follows seen: a guess x that was sampled from the distribution q with
// probability min(1, p(x)/q(x)), else one from the distribution max(0, p − q), normalised (Leviathan et
// al. 2023, §2.3). A q of nil has all its probability at x.
func (s *sampler) check(logits []float32, seen []int, x int, q []float32) (id int, logprob float64, right bool, err error) {
	if err := s.process(logits, seen); err != nil {
		return 0, 0, false, err
	}
	if !s.samples() {
		id, err = s.c.best()
		return id, float64(logits[id]) - s.c.model, err == nil && id == x, err
	}
	if !finite(s.c.total()) || s.c.sum <= 0 {
		return 0, 0, false, ErrNotNumbers
	}
	p := s.c.Probabilities()
	keep := float64(p[x])
	if q != nil {
		keep /= float64(q[x])
	}
	if id = x; s.rng.Float64() >= keep {
		right = false
		id = residual(p, q, x, s.rng.Float64())
	} else {
		right = true
	}
	return id, float64(logits[id]) - s.c.model, right, nil
}

// residual returns the token at the fraction u of max(0, p − q). A q of nil has all its probability at x.
func residual(p, q []float32, x int, u float64) (id int) {
	rest := func(id int) float64 {
		switch {
		case q != nil:
			return max(0, float64(p[id])-float64(q[id]))
		case id == x:
			return 0
		}
		return float64(p[id])
	}
	sum := 0.0
	for id := range p {
		sum += rest(id)
	}
	u *= sum
	best := x
	for id := range p {
		r := rest(id)
		if r > 0 {
			best = id
		}
		if u -= r; u < 0 {
			return id
		}
	}
	return best // of what rounding leaves
}
