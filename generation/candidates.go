package generation

import (
	"errors"
	"math"
	"slices"

	"euryale/internal/kernel/vec"
)

// Candidates are the tokens that can follow a sequence. Processors change their logits in turn.
type Candidates struct {
	Logits []float32 // (V): unnormalised log-probabilities; −∞ for a token that cannot be chosen
	Tokens []int     // what the sequence holds: the prompt, then the continuation
	Prompt int       // number of Tokens that belong to the prompt
	End    []int     // tokens that end the text
	Left   int       // most tokens that can still be chosen, this one included; 0: unknown

	model      float64 // logarithm of the denominator of the model's own softmax
	constraint float64 // log-probability of the tokens that Keep kept

	// Derived from Logits, and computed when they are needed.
	weighed bool      // weights, top and sum hold
	weights []float32 // (V): e^(logit − top), 0 for a token that cannot be chosen
	top     float32   // largest logit
	sum     float64   // of the weights
	sparse  bool      // few holds, and weights do not
	staying int       // tokens that stay of those that are being cut
	few     []choice  // all tokens that can be chosen, with their weights, which add up to sum
	ordered bool      // tokens are sampled in the order of their weights, not of their ids
	buckets nucleus
	scratch []float32
	marked  []marked // of a watermark
	counts  []int32
	seen    []int
}

// never is the logit of a token that cannot be chosen.
var never = float32(math.Inf(-1))

// errNotFinite says that a model computes no probabilities.
var errNotFinite = errors.New("the model's logits are not finite: its weights are damaged or it has diverged")

// ErrNotNumbers says that processors write logits that give no probabilities.
var ErrNotNumbers = errors.New("the processors leave logits that are not finite numbers")

// reset makes the candidates those of a model's logits.
func (c *Candidates) reset(logits []float32, tokens []int) error {
	c.Logits, c.Tokens = append(c.Logits[:0], logits...), tokens
	c.constraint, c.ordered = 0, false
	c.changed()
	c.weigh()
	c.model = float64(c.top) + math.Log(c.sum)
	if math.IsNaN(c.model) || math.IsInf(c.model, 0) {
		return errNotFinite
	}
	return nil
}

// changed says that Logits have changed, so that what is derived from them does not hold.
func (c *Candidates) changed() { c.weighed, c.sparse, c.buckets.filled = false, false, false }

// weigh returns e^(logit − top) of all tokens, to 2·10⁻⁶ of those above e⁻³⁰.
func (c *Candidates) weigh() []float32 {
	if !c.weighed {
		c.top = vec.Max(c.Logits)
		c.weights = exponentials(c.weights, c.Logits, c.top)
		c.sum = vec.Sum(c.weights)
		c.weighed, c.sparse, c.buckets.filled = true, false, false
	}
	return c.weights
}

// exponentials returns e^(l − top) of logits l, in the memory of y.
func exponentials(y, logits []float32, top float32) []float32 {
	y = slices.Grow(y[:0], len(logits))[:len(logits)]
	for i, l := range logits {
		y[i] = l - top
	}
	vec.Exp(y, y)
	return y
}

// none reports whether no token can be chosen.
func (c *Candidates) none() bool {
	if c.sparse {
		return len(c.few) == 0
	}
	for _, l := range c.Logits {
		if l != never {
			return false
		}
	}
	return true
}

// Generated returns the tokens of the continuation so far.
func (c *Candidates) Generated() []int { return c.Tokens[min(c.Prompt, len(c.Tokens)):] }

// Cut makes a token impossible to choose. An id outside the vocabulary is ignored.
func (c *Candidates) Cut(id int) {
	if id >= 0 && id < len(c.Logits) {
		c.Logits[id] = never
		c.changed()
	}
}

// Keep cuts every token whose bit of mask is 0: that of token i is bit i%64 of mask[i/64]. It is for
// constraints: the log-probability of the tokens that remain, in nats, counts as their cost if the
// token is chosen, and is returned. It is −∞ if none remains.
func (c *Candidates) Keep(mask []uint64) (logprob float64) {
	if c.sparse {
		c.changed()
	}
	weights, before := c.weigh(), c.sum
	for i := 0; i < len(c.Logits); i += 64 {
		end := min(i+64, len(c.Logits))
		bits := uint64(0)
		if i/64 < len(mask) {
			bits = mask[i/64]
		}
		switch bits {
		case math.MaxUint64:
		case 0:
			for id := i; id < end; id++ {
				c.Logits[id], weights[id] = never, 0
			}
		default:
			for id := i; id < end; id++ {
				if bits>>(id-i)&1 == 0 {
					c.Logits[id], weights[id] = never, 0
				}
			}
		}
	}
	logprob = math.Log(vec.Sum(weights) / before)
	c.constraint += logprob
	c.changed()
	return logprob
}

// Probabilities returns the probability of each token (V), which the next call overwrites.
func (c *Candidates) Probabilities() []float32 {
	if c.sparse {
		c.changed()
	}
	c.scratch = append(c.scratch[:0], c.weigh()...)
	vec.Scale(c.scratch, c.scratch, float32(1/c.sum))
	return c.scratch
}

// each calls f for every token that can be chosen, in the order of ids unless few are left.
func (c *Candidates) each(f func(id int32, w float32)) {
	if c.sparse {
		for _, x := range c.few {
			f(x.id, x.p)
		}
		return
	}
	for id, w := range c.weigh() {
		if w > 0 {
			f(int32(id), w)
		}
	}
}

// keepFrom cuts all tokens that weigh less than so much. The heaviest must remain.
func (c *Candidates) keepFrom(least float32) {
	if c.sparse {
		c.keepFew(func(x choice) bool { return x.p >= least })
		return
	}
	c.beginCut()
	for id, w := range c.weights {
		if w < least {
			c.Logits[id], c.weights[id] = never, 0
		} else {
			c.stays(id, w)
		}
	}
	c.endCut(vec.Sum(c.weights))
}

// beginCut, stays and endCut are for processors that cut tokens by their weights: they list those that stay, so
// that what follows reads these alone if they are few.
func (c *Candidates) beginCut() {
	c.few, c.staying = slices.Grow(c.few[:0], len(c.weigh())/8), 0
}

func (c *Candidates) stays(id int, w float32) {
	if c.staying < len(c.Logits)/8 {
		c.few = append(c.few, choice{int32(id), w})
	}
	c.staying++
}

func (c *Candidates) endCut(sum float64) {
	c.sum, c.buckets.filled = sum, false
	if c.staying == len(c.few) {
		c.sparse, c.weighed = true, false
	}
}

// keepFew cuts those of few tokens of which keep is false.
func (c *Candidates) keepFew(keep func(choice) bool) {
	n := 0
	c.sum, c.weighed = 0, false
	for _, x := range c.few {
		if !keep(x) {
			c.Logits[x.id] = never
			continue
		}
		c.few[n] = x
		c.sum += float64(x.p)
		n++
	}
	c.few = c.few[:n]
}

// occurrences calls f for each distinct token of ids, with how often it occurs there.
func (c *Candidates) occurrences(ids []int, f func(id, count int)) {
	if len(c.counts) < len(c.Logits) {
		c.counts = make([]int32, len(c.Logits))
	}
	c.seen = c.seen[:0]
	for _, id := range ids {
		if id < 0 || id >= len(c.Logits) {
			continue
		}
		if c.counts[id] == 0 {
			c.seen = append(c.seen, id)
		}
		c.counts[id]++
	}
	for _, id := range c.seen {
		f(id, int(c.counts[id]))
		c.counts[id] = 0
	}
}

// entropy returns the entropy of the candidates, in nats.
func (c *Candidates) entropy() float64 {
	c.total()
	h := 0.0
	c.each(func(id int32, w float32) { h -= float64(w) * float64(c.Logits[id]-c.top) })
	return h/c.sum + math.Log(c.sum)
}

// total returns the sum of the weights.
func (c *Candidates) total() float64 {
	if !c.sparse {
		c.weigh()
	}
	return c.sum
}

// argmax returns the index of the largest number in x, the first of equal ones.
func argmax(x []float32) (best int) {
	top := x[0]
	for i, v := range x {
		if v > top {
			best, top = i, v
		}
	}
	return best
}
