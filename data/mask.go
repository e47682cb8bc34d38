package data

import (
	"math"
	"math/rand/v2"

	"euryale/data/task"
	"euryale/data/tokenizer"
)

// Masked-token prediction (Devlin et al. 2018, §3.1): of the tokens that a model reads some are
// chosen and asked for. Most of the chosen are hidden; a few are replaced or left as they are, so
// that the model must doubt the tokens it sees, too.
const (
	chosenShare   = 0.15 // of a window's tokens
	hiddenShare   = 0.8  // of the chosen: the mask token stands in their place
	replacedShare = 0.1  // of the chosen: any other token does
)

// masking hides tokens of windows.
type masking struct{ mask, vocab int }

// newMasking hides tokens behind the mask token of tk.
func newMasking(tk tokenizer.Tokenizer) *masking {
	mask, _ := tk.Special(task.MaskToken) // openText has added it
	return &masking{mask, tk.Vocab()}
}

// hide chooses at least one of a lane's tokens, hides them, and asks for them alone. Padding
// stands at the end.
func (m *masking) hide(rng *rand.Rand, tokens, targets []int) {
	n := 0
	for n < len(tokens) && tokens[n] >= 0 {
		n++
	}
	left := min(n, max(1, int(math.Round(chosenShare*float64(n)))))
	for i := range n {
		if rng.IntN(n-i) >= left { // every choice of so many is equally likely
			targets[i] = -1
			continue
		}
		left--
		switch draw := rng.Float64(); {
		case draw < hiddenShare:
			tokens[i] = m.mask
		case draw < hiddenShare+replacedShare:
			tokens[i] = m.another(rng)
		}
	}
}

// another draws any token but the mask.
func (m *masking) another(rng *rand.Rand) int {
	id := rng.IntN(m.vocab - 1)
	if id >= m.mask {
		id++
	}
	return id
}

// maskedWindows deals the windows of another batcher for a model that sees both sides of a token:
// it reads the tokens that were asked for there, and is asked for those that are hidden.
type maskedWindows struct {
	Batcher
	masking
	seed uint64
}

// Batch hides the same tokens of batch n every time.
func (m *maskedWindows) Batch(n int, b *Batch) error {
	if err := m.Batcher.Batch(n, b); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(^m.seed, uint64(n))) // not the stream that windows are drawn from
	for lane := range b.B {
		tokens, targets := b.lane(lane)
		copy(tokens, targets)
		m.hide(rng, tokens, targets)
	}
	return nil
}
