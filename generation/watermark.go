package generation

import (
	"fmt"
	"math"
	"slices"

	"euryale/generation/watermark"
)

// markName is the name of the processor of a watermark.
const markName = "watermark"

// newMark returns the processor that writes the watermark of a key.
func newMark(k *watermark.Key) Processor {
	if k.Method == watermark.Tournament {
		return tournament{k}
	}
	return greenList{k}
}

// checkWatermark returns what is wrong with the watermark.
func (s Settings) checkWatermark() error {
	if s.Watermark == nil {
		return nil
	}
	if err := s.Watermark.Check(); err != nil {
		return fmt.Errorf("watermark: %w", err)
	}
	if s.Watermark.Method == watermark.Tournament && (!s.samples() || s.Beams > 0) {
		return fmt.Errorf("watermark: a %s changes how tokens are sampled, which greedy decoding and beams do not: set a temperature and no beams, or use a key of a %s",
			watermark.Tournament, watermark.GreenList)
	}
	return nil
}

// greenList adds δ to the logits of the green tokens, a pseudorandom part of the vocabulary that follows from the
// latest tokens (Kirchenbauer et al. 2023, https://arxiv.org/abs/2301.10226, algorithm 2). There the list has
// exactly γ·V tokens; here each token is on it with probability γ, so that V needs no permutation.
type greenList struct{ key *watermark.Key }

func (greenList) Name() string { return markName }

func (g greenList) Process(c *Candidates) {
	n, ok := g.key.Numbers(c.Tokens)
	if !ok {
		return
	}
	delta := float32(g.key.Delta)
	c.ordered = false
	if c.sparse {
		by := float32(math.Exp(g.key.Delta))
		for i, x := range c.few {
			if n.Green(int(x.id)) {
				c.Logits[x.id] += delta
				c.few[i].p *= by
			}
		}
		c.sumFew()
		return
	}
	for id, l := range c.Logits {
		if l != never && n.Green(id) {
			c.Logits[id] = l + delta
		}
	}
	c.changed()
}

func (greenList) keepsWeights() {}

// sumFew sums the weights of few tokens, and drops those that weigh nothing.
func (c *Candidates) sumFew() { c.keepFew(func(x choice) bool { return x.p > 0 }) }

// tournament makes the distribution that of the winner of a tournament with as many layers as the key has, in
// whose matches of two samples that with the greater g-value wins, and chance where they are equal
// (Dathathri et al. 2024, https://doi.org/10.1038/s41586-024-08025-4). Layer by layer this is
// p(x) ← p(x)·(1 + g(x) − Σ p·g). Where the context has occurred before in the continuation, the
// distribution stays as it is (there "repeated context masking"): over all keys a text has the distribution
// that it has without watermark.
type tournament struct{ key *watermark.Key }

func (tournament) Name() string { return markName }

func (t tournament) Process(c *Candidates) {
	n, ok := t.key.Numbers(c.Tokens)
	if !ok || repeated(c.Tokens, c.Prompt, t.key.Context) {
		return
	}
	c.marked = c.marked[:0]
	c.each(func(id int32, w float32) { c.marked = append(c.marked, marked{id, n.Bits(int(id)), float64(w), 0}) })
	for from := 0; from < t.key.Layers; from += layersAtOnce {
		playLayers(c.marked, from, min(layersAtOnce, t.key.Layers-from))
	}
	c.ordered = false
	for i, m := range c.marked {
		c.Logits[m.id] += float32(m.log)
		if c.sparse {
			c.few[i].p = float32(m.p)
		}
	}
	if c.sparse {
		c.sumFew()
	} else {
		c.changed()
	}
}

func (tournament) keepsWeights() {}

// repeated reports whether the last n of tokens are also the n before an earlier token of the continuation,
// which begins after the prompt.
func repeated(tokens []int, prompt, n int) bool {
	last := tokens[len(tokens)-n:]
	for i := max(prompt, n); i < len(tokens); i++ {
		if slices.Equal(tokens[i-n:i], last) {
			return true
		}
	}
	return false
}

// marked is a token that can be chosen, during a tournament.
type marked struct {
	id   int32
	bits uint64  // its g-values
	p    float64 // unnormalised probability after the layers so far
	log  float64 // logarithm of what the layers multiplied it by
}

// layersAtOnce is how many layers pass over the tokens at once.
const layersAtOnce = 6

// playLayers computes so many layers from one on. Tokens with the same g-values in these are multiplied by the
// same factors, so that each layer needs only the sum of each of the 64 classes.
func playLayers(tokens []marked, from, layers int) {
	const classes = 1 << layersAtOnce
	var sums, factors, logs [classes]float64
	for i := range tokens {
		sums[tokens[i].bits>>from%classes] += tokens[i].p
	}
	for c := range factors {
		factors[c] = 1
	}
	for l := range layers {
		all, ones := 0.0, 0.0
		for c, s := range sums {
			all += s
			ones += s * float64(c>>l&1)
		}
		expected := ones / all
		for c := range sums {
			by := max(0, 1+float64(c>>l&1)-expected)
			sums[c] *= by
			factors[c] *= by
		}
	}
	for c, f := range factors {
		logs[c] = math.Log(f)
	}
	for i := range tokens {
		m := &tokens[i]
		c := m.bits >> from % classes
		m.p *= factors[c]
		m.log += logs[c]
	}
}
