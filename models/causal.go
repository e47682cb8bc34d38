package models

import (
	"fmt"
	"math"
	"slices"

	"euryale/layers/graph"
)

// causalTokens is the length of CheckCausal's sequence.
const causalTokens = 4

// NotCausal is the error of a model whose tokens attend to later tokens.
type NotCausal struct {
	Changed int // token that was changed
	Moved   int // earlier token whose logits that changed
}

func (e *NotCausal) Error() string {
	return fmt.Sprintf("changing token %d changes the logits of token %d: the model attends to later tokens: mask the scores with layers.Mask(s, scores, s.CausalLengths(), heads), or use data.task = \"mask\" with a bidirectional model", e.Changed, e.Moved)
}

// CheckCausal returns a *NotCausal if changing the last token of a short sequence changes the
// logits of an earlier one. It builds one scoring program and runs it twice, which is cheap
// enough for the start of training. It uses the weights as they are; weights of zero can hide a
// dependence that modeltest.Causality, which changes them, finds.
func CheckCausal(m Model, w *graph.Weights) error {
	v, t := m.Common().Vocab, min(causalTokens, m.Common().Context)
	if v < 2 || t < 2 {
		return nil // no other id to change to, or no earlier token
	}
	f := graph.Feed{Tokens: make([]int, t), Source: make([]int, min(causalTokens, SourceOf(m)))}
	for i := range f.Tokens {
		f.Tokens[i] = i % v
	}
	p, err := Score(m, w, graph.Frame{B: 1, T: t, S: len(f.Source)}, "logits")
	if err != nil {
		return err
	}
	if err := p.Run(f); err != nil {
		return err
	}
	before := slices.Clone(p.Value("logits"))
	f.Tokens[t-1] = t % v
	if err := p.Run(f); err != nil {
		return err
	}
	after := p.Value("logits")
	for i := range t - 1 {
		if differ(before[i*v:(i+1)*v], after[i*v:(i+1)*v]) {
			return &NotCausal{Changed: t - 1, Moved: i}
		}
	}
	return nil
}

// differ reports whether two rows differ by more than float32 rounding.
func differ(a, b []float32) bool {
	var diff, size float64
	for i := range a {
		diff = max(diff, math.Abs(float64(a[i])-float64(b[i])))
		size = max(size, math.Abs(float64(a[i])))
	}
	return diff > 1e-5*size
}
