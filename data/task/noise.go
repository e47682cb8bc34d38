package task

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"euryale/data/tokenizer"
)

// Noise says how training samples differ in each pass, against overfitting. Each probability is at least
// 0 and at most 1; 0 is none.
type Noise struct {
	Merges float64 // that a merge of the tokenizer is left out (data.bpe_dropout)
	In     string  // "source", "target" or "both": where it is
	Words  float64 // that an answer token which the decoder reads is hidden (data.word_dropout)
	Source float64 // that a token of the source is left out (data.source_dropout)
}

// Where merges are left out.
const (
	InSource = "source"
	InTarget = "target"
	InBoth   = "both"
)

// IsNone reports whether samples are the same in each pass.
func (n Noise) IsNone() bool { return n.Merges == 0 && n.Words == 0 && n.Source == 0 }

// String returns the kinds of noise by their keys.
func (n Noise) String() string {
	var kinds []string
	if n.Merges > 0 {
		kinds = append(kinds, fmt.Sprintf("bpe_dropout %v (%s)", n.Merges, n.In))
	}
	if n.Words > 0 {
		kinds = append(kinds, fmt.Sprintf("word_dropout %v", n.Words))
	}
	if n.Source > 0 {
		kinds = append(kinds, fmt.Sprintf("source_dropout %v", n.Source))
	}
	return strings.Join(kinds, ", ")
}

// Noisy draws the samples of the training part with noise. It is not safe for concurrent use.
type Noisy struct {
	Noise
	format Format
	rows   []pair // none of dialogues
	items  []Item
	plain  []Sample // without noise, as many as rows
	drop   *tokenizer.Dropper
	keep   map[int]bool // special tokens, which are never hidden
}

// NewNoisy returns the samples of the training part, whose items are given, for a context length. A
// tokenizer without merges to leave out is an error.
func NewNoisy(r *Rows, f *Format, items []Item, n Noise, context int) (*Noisy, error) {
	d := &Noisy{Noise: n, format: *f, rows: r.pairs[TrainPart], items: items, plain: f.Samples(items, context, true), keep: map[int]bool{}}
	d.format.Limit, d.format.training = context, true
	for _, name := range Specials(f.config, f.Speakers()) {
		if id, ok := f.tokenizer.Special(name); ok {
			d.keep[id] = true
		}
	}
	if n.Merges == 0 {
		return d, nil
	}
	var ok bool
	if d.drop, ok = tokenizer.NewDropper(f.tokenizer, n.Merges); !ok {
		return nil, fmt.Errorf("data.bpe_dropout is %v, and the tokenizer (%s) has no merges to leave out: use -tokenizer bpe, or leave the key out", n.Merges, f.tokenizer.Kind())
	}
	return d, nil
}

// Len returns the number of samples of a pass.
func (d *Noisy) Len() int { return len(d.plain) }

// Plain returns sample i without noise.
func (d *Noisy) Plain(i int) Sample { return d.plain[i] }

// Sample draws sample i. One that would not fit the context as it does without noise has none from the
// tokenizer, so that nothing of a text is lost.
func (d *Noisy) Sample(i int, rng *rand.Rand) (Sample, error) {
	s := d.plain[i]
	if d.Merges > 0 || d.Source > 0 {
		it, err := d.item(i, rng)
		if err != nil {
			return s, err
		}
		if drawn := d.format.pairSample(it.Source, it.Answer); s.Cut || !drawn.Cut {
			s = drawn
		}
	}
	if d.Words > 0 {
		s.Tokens = slices.Clone(s.Tokens)
		d.hide(s, rng)
	}
	return s, nil
}

// item draws the tokens of pair i.
func (d *Noisy) item(i int, rng *rand.Rand) (it Item, err error) {
	it = d.items[i]
	if d.drop != nil && d.In != InSource {
		if it.Answer, err = d.drop.EncodeNext(d.rows[i].answer, rng); err != nil {
			return it, err
		}
	}
	if d.drop == nil || d.In == InTarget {
		it.Source = d.leaveOut(it.Source, rng)
		return it, nil
	}
	fields := make([][]int, len(d.rows[i].fields))
	for k, text := range d.rows[i].fields {
		if fields[k], err = d.drop.EncodeNext(text, rng); err != nil {
			return it, err
		}
	}
	it.Source = d.leaveOut(d.format.join(fields), rng)
	return it, nil
}

// leaveOut returns a source without some of its tokens, at least one of which stays. Those between fields do.
func (d *Noisy) leaveOut(source []int, rng *rand.Rand) []int {
	if d.Source == 0 || len(source) == 0 {
		return source
	}
	var kept []int
	for _, id := range source {
		if left := rng.Float64() < d.Source; !left || id == d.format.field {
			kept = append(kept, id)
		}
	}
	if len(kept) == 0 {
		kept = append(kept, source[rng.IntN(len(source))])
	}
	return kept
}

// hide puts the dropped token in place of answer tokens that the decoder reads: those that are the target
// of the token before (Bowman et al. 2016, "Generating Sentences from a Continuous Space", section 3.1).
// They stay targets.
func (d *Noisy) hide(s Sample, rng *rand.Rand) {
	for i := 1; i < len(s.Tokens); i++ {
		if id := s.Tokens[i]; id == s.Targets[i-1] && !d.keep[id] && rng.Float64() < d.Words {
			s.Tokens[i] = d.format.dropped
		}
	}
}
