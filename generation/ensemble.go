package generation

import (
	"fmt"
	"math"
	"slices"

	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
	"euryale/models"
)

// ensemble is a Stepper of several models that read the same sequences: its logits are the logarithm of the mean of their
// probabilities (Sutskever, Vinyals and Le 2014, https://arxiv.org/abs/1409.3215, §3.6).
type ensemble struct {
	members []Stepper
	vocab   int
	logits  []float32
}

// CheckEnsemble returns an error if the probabilities of two models have no mean, since they predict other tokens or read
// other sources. It reads no weights.
func CheckEnsemble(m, other models.Model) error {
	if a, b := m.Common().Vocab, other.Common().Vocab; a != b {
		return fmt.Errorf("it has a vocabulary of %d tokens, and the model one of %d: choose models with the same tokenizer", b, a)
	}
	if a, b := models.SourceOf(m), models.SourceOf(other); a != b {
		return fmt.Errorf("it reads sources of %d tokens, and the model of %d: choose models of the same task and size of sources", b, a)
	}
	return nil
}

// together returns the generator's stepper of so many sequences, with those of its ensemble.
func (g *Generator) together(sequences int) (Stepper, error) {
	own, err := g.stepper(sequences)
	if err != nil || len(g.Ensemble) == 0 {
		return own, err
	}
	e := &ensemble{members: []Stepper{own}, vocab: g.Model.Common().Vocab}
	for _, other := range g.Ensemble {
		if err := CheckEnsemble(g.Model, other.Model); err != nil {
			return nil, fmt.Errorf("ensemble: %w", err)
		}
		s, err := other.stepper(sequences)
		if err != nil {
			return nil, err
		}
		e.members = append(e.members, s)
	}
	return e, nil
}

// mean has every member compute logits of the same rows, and returns those of the mean.
func (e *ensemble) mean(of func(Stepper) ([]float32, error)) ([]float32, error) {
	for i, m := range e.members {
		logits, err := of(m)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			e.logits = slices.Grow(e.logits[:0], len(logits))[:len(logits)]
		}
		parallel.Each(len(logits)/e.vocab, func(row int) {
			from, to := row*e.vocab, (row+1)*e.vocab
			addProbabilities(e.logits[from:to], logits[from:to], i)
		})
	}
	shift := float32(math.Log(float64(len(e.members))))
	for i := range e.logits {
		e.logits[i] -= shift
	}
	return e.logits, nil
}

// addProbabilities adds the softmax of logits to sums, of which there are the logarithms: of so many models.
func addProbabilities(sums, logits []float32, models int) {
	lse := vec.LogSumExp(logits)
	for i, l := range logits {
		if l -= lse; models == 0 {
			sums[i] = l
		} else {
			sums[i] = logAdd(sums[i], l)
		}
	}
}

// logAdd returns log(eᵃ + eᵇ).
func logAdd(a, b float32) float32 {
	if a < b {
		a, b = b, a
	}
	if d := float64(b - a); d > -20 { // below, float32 does not tell the sum from a
		a += float32(math.Log1p(math.Exp(d)))
	}
	return a
}

// each calls f for every member.
func (e *ensemble) each(f func(Stepper) error) error {
	for _, m := range e.members {
		if err := f(m); err != nil {
			return err
		}
	}
	return nil
}

// Begin empties sequence i and reads a prompt.
func (e *ensemble) Begin(i int, p Prompt) ([]float32, error) {
	return e.mean(func(s Stepper) ([]float32, error) { return s.Begin(i, p) })
}

// BeginAll empties sequences and reads their prompts.
func (e *ensemble) BeginAll(seqs []int, prompts []Prompt) ([]float32, error) {
	return e.mean(func(s Stepper) ([]float32, error) { return s.BeginAll(seqs, prompts) })
}

// Step reads one token in each sequence.
func (e *ensemble) Step(ids []int) ([]float32, error) {
	return e.mean(func(s Stepper) ([]float32, error) { return s.Step(ids) })
}

// Read reads several tokens in each sequence.
func (e *ensemble) Read(ids []int) ([]float32, error) {
	return e.mean(func(s Stepper) ([]float32, error) { return s.Read(ids) })
}

// NLL returns an error.
func (e *ensemble) NLL(_, _ []int) (float64, error) { return 0, errScores }

// Room returns the most tokens that a sequence holds of all members.
func (e *ensemble) Room() (room int) {
	for _, m := range e.members {
		if n := m.Room(); n > 0 && (room == 0 || n < room) {
			room = n
		}
	}
	return room
}

// Len returns how many tokens sequence i holds.
func (e *ensemble) Len(i int) int { return e.members[0].Len(i) }

// Truncate makes sequence i keep its first n tokens.
func (e *ensemble) Truncate(i, n int) error {
	drop := e.Len(i) - n
	return e.each(func(s Stepper) error { return dropLast(s, i, drop) })
}

// dropLast makes sequence i of a stepper drop its last n tokens.
func dropLast(s Stepper, i, n int) error { return s.Truncate(i, max(0, s.Len(i)-n)) }

// Copy makes sequence dst a copy of sequence src.
func (e *ensemble) Copy(dst, src int) error {
	return e.each(func(s Stepper) error { return s.Copy(dst, src) })
}

// Reorder makes each sequence i what sequence parents[i] was.
func (e *ensemble) Reorder(parents []int) error {
	return e.each(func(s Stepper) error { return s.Reorder(parents) })
}
