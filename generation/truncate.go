package generation

import (
	"cmp"
	"math"
	"slices"

	"euryale/internal/kernel/vec"
)

// Temperature divides the logits by T, the temperature of the softmax (Ackley, Hinton and Sejnowski 1985).
// The largest becomes 0.
type Temperature struct{ T float64 }

// Name returns the name of the option.
func (Temperature) Name() string { return "temperature" }

// Process changes the logits.
func (t Temperature) Process(c *Candidates) {
	if t.T == 1 || t.T <= 0 {
		return
	}
	by := float32(min(1/t.T, math.MaxFloat32)) // the largest must stay 0
	top := vec.Max(c.Logits)
	for i, l := range c.Logits {
		c.Logits[i] = (l - top) * by
	}
}

// TopK keeps the K most likely tokens, of equal ones those with the lowest ids (Fan, Lewis and Dauphin
// 2018, https://arxiv.org/abs/1805.04833).
type TopK struct{ K int }

// Name returns the name of the option.
func (TopK) Name() string { return "top-k" }

// Process cuts the other tokens. It selects one token more than K, to see whether there is any to cut off.
func (t TopK) Process(c *Candidates) {
	if t.K <= 0 || t.K >= len(c.Logits) {
		return
	}
	if c.sparse {
		c.changed()
	}
	c.few = largest(c.few, c.Logits, t.K+1)
	c.weighFew()
	if len(c.few) > t.K {
		slices.SortFunc(c.few, func(a, b choice) int { return cmp.Or(cmp.Compare(b.p, a.p), cmp.Compare(a.id, b.id)) })
		c.few, c.ordered = c.few[:t.K], true
	} else {
		slices.SortFunc(c.few, func(a, b choice) int { return cmp.Compare(a.id, b.id) })
	}
	c.scratch = c.scratch[:0]
	c.sum = 0
	for _, x := range c.few {
		c.scratch = append(c.scratch, c.Logits[x.id])
		c.sum += float64(x.p)
	}
	for i := range c.Logits {
		c.Logits[i] = never
	}
	for i, x := range c.few {
		c.Logits[x.id] = c.scratch[i]
	}
	c.sparse, c.weighed = true, false
}

// weighFew replaces the logits of few tokens by their weights, and drops those that weigh nothing.
func (c *Candidates) weighFew() {
	c.scratch, c.top = c.scratch[:0], never
	for _, x := range c.few {
		c.scratch, c.top = append(c.scratch, x.p), max(c.top, x.p)
	}
	n := 0
	c.scratch = exponentials(c.scratch, c.scratch, c.top)
	for i, w := range c.scratch {
		if w > 0 {
			c.few[n] = choice{c.few[i].id, w}
			n++
		}
	}
	c.few = c.few[:n]
}

func (TopK) keepsWeights() {}

// TopP keeps the nucleus: the smallest set of tokens with probability P, at least one (Holtzman et al.
// 2020, https://arxiv.org/abs/1904.09751).
type TopP struct{ P float64 }

// Name returns the name of the option.
func (TopP) Name() string { return "top-p" }

// Process cuts the tokens outside the nucleus.
func (t TopP) Process(c *Candidates) {
	if t.P <= 0 || t.P >= 1 {
		return
	}
	if c.sparse {
		if len(c.few) > 0 {
			mass := t.P * c.sum
			n, kept := reach(c.few, func(sum float64) bool { return sum >= mass })
			for _, x := range c.few[n:] {
				c.Logits[x.id] = never
			}
			c.few, c.sum, c.ordered = c.few[:n], kept, true
		}
		return
	}
	weights := c.weigh()
	last, kept := c.buckets.edge(weights, c.sum, t.P)
	c.beginCut()
	for id, w := range weights {
		if w <= last.p && (w < last.p || int32(id) > last.id) {
			c.Logits[id], weights[id] = never, 0
		} else {
			c.stays(id, w)
		}
	}
	c.endCut(kept)
	c.ordered = true
}

func (TopP) keepsWeights() {}

// MinP keeps the tokens that are at least P times as likely as the most likely one (Nguyen et al. 2024,
// https://arxiv.org/abs/2407.01082).
type MinP struct{ P float64 }

// Name returns the name of the option.
func (MinP) Name() string { return "min-p" }

// Process cuts the other tokens.
func (m MinP) Process(c *Candidates) {
	if m.P > 0 {
		c.keepFrom(float32(min(m.P, 1)))
	}
}

func (MinP) keepsWeights() {}

// Epsilon keeps the tokens of probability P or more, and always the most likely one (Hewitt, Manning and
// Liang 2022, https://arxiv.org/abs/2210.15191, §4).
type Epsilon struct{ P float64 }

// Name returns the name of the option.
func (Epsilon) Name() string { return "epsilon" }

// Process cuts the other tokens.
func (e Epsilon) Process(c *Candidates) {
	if e.P > 0 {
		c.keepFrom(float32(min(e.P*c.total(), 1)))
	}
}

func (Epsilon) keepsWeights() {}

// Eta keeps the tokens of probability min(ε, √ε·e^−H) or more, where H is the entropy of the candidates in
// nats and P is ε, and always the most likely one (Hewitt, Manning and Liang 2022,
// https://arxiv.org/abs/2210.15191, eq. 4).
type Eta struct{ P float64 }

// Name returns the name of the option.
func (Eta) Name() string { return "eta" }

// Process cuts the other tokens.
func (e Eta) Process(c *Candidates) {
	if e.P > 0 {
		least := min(e.P, math.Sqrt(e.P)*math.Exp(-c.entropy()))
		c.keepFrom(float32(min(least*c.sum, 1)))
	}
}

func (Eta) keepsWeights() {}
