package data

import (
	"math"
	"math/rand/v2"

	"euryale/data/task"
	"euryale/data/tokenizer"
)

// Masked-token prediction (Devlin et al. 2018, §3.1): a random choice of the tokens are targets. Most
// of these are masked; some are replaced or left as they are, so that the model cannot rely on the
// unmasked tokens either.
const (
	targetFraction   = 0.15 // of the tokens of a window
	maskedFraction   = 0.8  // of the targets: replaced by the mask token
	replacedFraction = 0.1  // of the targets: replaced by a random other token
)

// masking masks tokens of windows.
type masking struct{ mask, vocab int }

// newMasking returns a masking with the mask token of tk.
func newMasking(tk tokenizer.Tokenizer) *masking {
	mask, _ := tk.Special(task.MaskToken) // openText has added it
	return &masking{mask, tk.Vocab()}
}

// apply masks randomly chosen tokens of a sequence, at least one, and keeps only their targets.
// Padding is at the end of the sequence.
func (m *masking) apply(rng *rand.Rand, tokens, targets []int) {
	n := 0
	for n < len(tokens) && tokens[n] >= 0 {
		n++
	}
	left := min(n, max(1, int(math.Round(targetFraction*float64(n)))))
	for i := range n {
		if rng.IntN(n-i) >= left { // selection sampling: every choice of left tokens is equally likely
			targets[i] = -1
			continue
		}
		left--
		switch draw := rng.Float64(); {
		case draw < maskedFraction:
			tokens[i] = m.mask
		case draw < maskedFraction+replacedFraction:
			tokens[i] = m.randomToken(rng)
		}
	}
}

// randomToken samples a token other than the mask.
func (m *masking) randomToken(rng *rand.Rand) int {
	id := rng.IntN(m.vocab - 1)
	if id >= m.mask {
		id++
	}
	return id
}

// maskedWindows turns the windows of a language-modelling Batcher into masked ones for a
// bidirectional model: their targets become its tokens, some of them masked, and the masked ones its
// targets.
type maskedWindows struct {
	Batcher
	masking
	seed uint64
}

// Batch fills b with batch n, whose masked tokens depend on the seed and n alone: those of a sequence
// also on the lengths of the sequences before it, which are read for that.
func (m *maskedWindows) Batch(n int, b *Batch) error {
	from, to := b.From, b.To
	b.From = 0
	err := m.Batcher.Batch(n, b)
	b.From = from
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(^m.seed, uint64(n))) // not the stream of the windows
	end := b.B
	if to > 0 {
		end = to
	}
	for seq := range end {
		tokens, targets := b.sequence(seq)
		copy(tokens, targets)
		m.apply(rng, tokens, targets)
	}
	b.clear(from)
	return nil
}
