package generation

import (
	"fmt"
	"slices"

	"euryale/models"
)

// histories is the Stepper of a model without a graph: its sequences are their tokens.
type histories struct {
	model  models.Predictor
	tokens [][]int   // of each sequence
	logits []float32 // (B, V): log-probabilities
	many   []float32 // what BeginAll and Read return
}

func newHistories(m models.Predictor, sequences int) *histories {
	return &histories{model: m, tokens: make([][]int, sequences), logits: make([]float32, sequences*m.Common().Vocab)}
}

// predict computes the logits of what follows sequence i.
func (h *histories) predict(i int) ([]float32, error) {
	v := h.model.Common().Vocab
	l := h.logits[i*v : (i+1)*v]
	return l, h.model.LogProbs(h.tokens[i], l)
}

// Begin empties sequence i and reads a prompt.
func (h *histories) Begin(i int, p Prompt) ([]float32, error) {
	h.tokens[i] = append(h.tokens[i][:0], p.Tokens...)
	return h.predict(i)
}

// BeginAll empties sequences and reads their prompts.
func (h *histories) BeginAll(seqs []int, prompts []Prompt) ([]float32, error) {
	h.many = h.many[:0]
	for j, i := range seqs {
		l, err := h.Begin(i, prompts[j])
		if err != nil {
			return nil, err
		}
		h.many = append(h.many, l...)
	}
	return h.many, nil
}

// Read reads several tokens in each sequence.
func (h *histories) Read(ids []int) ([]float32, error) {
	v := h.model.Common().Vocab
	h.many = slices.Grow(h.many[:0], len(ids)*v)[:len(ids)*v]
	t := len(ids) / len(h.tokens)
	for at, id := range ids {
		if id < 0 {
			continue
		}
		i := at / t
		h.tokens[i] = append(h.tokens[i], id)
		if err := h.model.LogProbs(h.tokens[i], h.many[at*v:(at+1)*v]); err != nil {
			return nil, err
		}
	}
	return h.many, nil
}

// Step reads one token in each sequence.
func (h *histories) Step(ids []int) ([]float32, error) {
	for i, id := range ids {
		if id < 0 {
			continue
		}
		h.tokens[i] = append(h.tokens[i], id)
		if _, err := h.predict(i); err != nil {
			return nil, err
		}
	}
	return h.logits, nil
}

// NLL reads tokens and returns the sum of the losses of their targets.
func (h *histories) NLL(tokens, targets []int) (nll float64, err error) {
	if len(tokens) != len(targets) || len(tokens)%len(h.tokens) != 0 {
		return 0, fmt.Errorf("%d tokens and %d targets for %d sequences: want as many of both, and as many for each sequence", len(tokens), len(targets), len(h.tokens))
	}
	t := len(tokens) / len(h.tokens)
	for at, id := range tokens {
		if id < 0 {
			continue
		}
		i := at / t
		h.tokens[i] = append(h.tokens[i], id)
		if targets[at] < 0 {
			continue
		}
		l, err := h.model.LogProb(h.tokens[i], targets[at])
		if err != nil {
			return 0, err
		}
		nll -= l
	}
	return nll, nil
}

// Room returns 0: there is no limit.
func (h *histories) Room() int { return 0 }

// Len returns how many tokens sequence i holds.
func (h *histories) Len(i int) int { return len(h.tokens[i]) }

// Truncate makes sequence i keep its first n tokens.
func (h *histories) Truncate(i, n int) error {
	if n < 0 || n > len(h.tokens[i]) {
		return fmt.Errorf("sequence %d holds %d tokens: it cannot keep %d", i, len(h.tokens[i]), n)
	}
	h.tokens[i] = h.tokens[i][:n]
	return nil
}

// Copy makes sequence dst a copy of sequence src.
func (h *histories) Copy(dst, src int) error {
	if dst != src {
		h.tokens[dst] = append(h.tokens[dst][:0], h.tokens[src]...)
	}
	return nil
}

// Reorder makes each sequence i what sequence parents[i] was.
func (h *histories) Reorder(parents []int) error {
	old := h.tokens
	h.tokens = make([][]int, len(parents))
	for i, p := range parents {
		h.tokens[i] = slices.Clone(old[p])
	}
	return nil
}
