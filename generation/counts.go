package generation

import "slices"

// stepper reads a token in each lane, −1 in lanes that sit out, and gives the logits of
// what follows, lane by lane.
type stepper interface {
	step(ids []int) ([]float32, error)
	reorder(parents []int) error // makes lane i what lane parents[i] was
}

// start gives each lane its prompt, and returns the logits of what follows.
func (g *Generator) start(prompts []Prompt) (stepper, []float32, error) {
	if g.Counts == nil {
		return g.read(prompts)
	}
	c := &counts{Generator: g, text: make([][]int, len(prompts)), logits: make([]float32, len(prompts)*g.Counts.Vocab())}
	for i, p := range prompts {
		c.text[i] = slices.Clone(p.Tokens)
	}
	for i := range prompts {
		if err := c.predict(i); err != nil {
			return nil, nil, err
		}
	}
	return c, c.logits, nil
}

// counts steps through texts with an n-gram model, which remembers nothing: the texts
// themselves are its state.
type counts struct {
	*Generator
	text   [][]int   // of each lane
	logits []float32 // (lanes, V): log-probabilities
}

func (c *counts) predict(lane int) error {
	v := c.Counts.Vocab()
	return c.Counts.LogProbs(c.text[lane], c.logits[lane*v:(lane+1)*v])
}

func (c *counts) step(ids []int) ([]float32, error) {
	for lane, id := range ids {
		if id < 0 {
			continue
		}
		c.text[lane] = append(c.text[lane], id)
		if err := c.predict(lane); err != nil {
			return nil, err
		}
	}
	return c.logits, nil
}

func (c *counts) reorder(parents []int) error {
	old := slices.Clone(c.text)
	for i, p := range parents {
		c.text[i] = slices.Clone(old[p])
	}
	return nil
}

// countedNLL is the sum of the losses of a text's tokens but the first, in nats.
func (g *Generator) countedNLL(ids []int) (nll float64, err error) {
	for i := 1; i < len(ids); i++ {
		lp, err := g.Counts.LogProb(ids[max(0, i-g.Counts.Order()):i], ids[i])
		if err != nil {
			return 0, err
		}
		nll -= lp
	}
	return nll, nil
}
