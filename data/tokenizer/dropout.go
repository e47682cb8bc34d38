package tokenizer

import "math/rand/v2"

// Dropper encodes texts as a tokenizer does, except that merges are left out at random (BPE-dropout,
// Provilkov et al. 2020, https://aclanthology.org/2020.acl-main.170, algorithm 1): at each step every
// merge that is possible is left out with probability p, and of the others that of the lowest rank is
// made, until there is none. With p = 0 these are the ids of the tokenizer, with p = 1 those of bytes
// or characters. It is not safe for concurrent use.
type Dropper struct {
	encoder encoder
	drop    *mergeDropout
}

// mergeDropout decides which merges are left out.
type mergeDropout struct {
	p   float64
	rng *rand.Rand
}

// leavesOut reports whether the next merge is left out.
func (d *mergeDropout) leavesOut() bool { return d != nil && d.rng.Float64() < d.p }

// merging is an encoder that merges pieces.
type merging interface {
	// dropping returns the encoder with merges left out, or nil if it has none.
	dropping(d *mergeDropout) encoder
}

// NewDropper returns the Dropper of a tokenizer; ok is false if it has no merges.
func NewDropper(t Tokenizer, p float64) (d *Dropper, ok bool) {
	v, _ := t.(*vocabulary)
	if v == nil {
		return nil, false
	}
	m, ok := v.encoder.(merging)
	if !ok {
		return nil, false
	}
	d = &Dropper{drop: &mergeDropout{p: p}}
	d.encoder = m.dropping(d.drop)
	return d, d.encoder != nil
}

// EncodeNext returns ids of a text, as EncodeNext of the tokenizer does. The random numbers are those of rng.
func (d *Dropper) EncodeNext(text string, rng *rand.Rand) ([]int, error) {
	d.drop.rng = rng
	return d.encoder.encode([]int{}, text)
}

func (e *bpeEncoder) dropping(d *mergeDropout) encoder {
	if len(e.rules) == 0 {
		return nil
	}
	c := &bpeEncoder{pieces: e.pieces, bytes: e.bytes, gaps: e.gaps, merges: e.merges, rules: e.rules}
	c.encoders.New = func() any { return newDroppingEncoder(e.rules, e.spell, d) }
	return c
}

func (e *llamaEncoder) dropping(d *mergeDropout) encoder {
	if len(e.rules) == 0 {
		return nil
	}
	c := &llamaEncoder{scores: e.scores, chars: e.chars, rules: e.rules, adjacent: e.adjacent}
	c.encoders.New = func() any { return newDroppingEncoder(e.rules, e.spell, d) }
	return c
}

// dropping merges also words that are pieces, which the tokenizer may take whole.
func (e *importedEncoder) dropping(d *mergeDropout) encoder {
	m := e.model
	if len(m.rules) == 0 {
		return nil
	}
	c := *e
	c.model = &importedModel{byteLevel: m.byteLevel, space: m.space, ids: m.ids, bytes: m.bytes, fallback: m.fallback,
		unknown: m.unknown, fuse: m.fuse, rules: m.rules, adjacent: m.adjacent}
	c.model.encoders.New = func() any { return newDroppingEncoder(m.rules, m.spell, d) }
	return &c
}

func (p *parsingEncoder) dropping(d *mergeDropout) encoder {
	m, ok := p.encoder.(merging)
	if !ok {
		return nil
	}
	e := m.dropping(d)
	if e == nil {
		return nil
	}
	return &parsingEncoder{encoder: e, added: p.added}
}

// newDroppingEncoder returns a wordEncoder that leaves out merges.
func newDroppingEncoder(rules map[bigram]mergeRule, spell func([]int32, string) []int32, d *mergeDropout) *wordEncoder {
	w := newWordEncoder(rules, spell)
	w.drop = d
	return w
}
