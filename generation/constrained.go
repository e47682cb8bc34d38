package generation

import (
	"math"

	"euryale/generation/constraint"
)

// Constrain returns the processor, named "constraint", that keeps texts within a constraint: it leaves the
// tokens from which a text that satisfies it can still be completed within Settings.Tokens, and the
// end only where the text does. Where nothing but the end may follow, the continuation ends.
//
// A processor that runs after it and cuts tokens of its own can leave none. Tokens that are never
// chosen (Settings.Ban) belong in the list that constraint.New leaves out.
func Constrain(c *constraint.Constraint) Stateful { return &constrained{constraint: c} }

type constrained struct {
	constraint *constraint.Constraint
	matcher    *constraint.Matcher // of one sequence
	left       int                 // tokens that may still be chosen
	mask       []uint64
}

func (c *constrained) Name() string { return "constraint" }

func (c *constrained) Begin(p Prompt) Stateful {
	return &constrained{constraint: c.constraint, matcher: c.constraint.Begin(p.Tokens), left: math.MaxInt}
}

func (c *constrained) Clone() Stateful {
	return &constrained{constraint: c.constraint, matcher: c.matcher.Clone(), left: c.left}
}

func (c *constrained) Accept(id int) {
	c.matcher.Accept(id)
	c.left--
}

func (c *constrained) Done() bool {
	return c.left > 0 && c.matcher.Accepts() && len(c.matcher.Allowed(c.left)) == 0
}

func (c *constrained) Process(x *Candidates) {
	if x.Left > 0 {
		c.left = x.Left
	}
	c.mask = c.matcher.Mask(c.mask, c.left)
	if c.matcher.Accepts() {
		for _, id := range x.End {
			if id >= 0 && id < 64*len(c.mask) {
				c.mask[id/64] |= 1 << (id % 64)
			}
		}
	}
	x.Keep(c.mask)
}
