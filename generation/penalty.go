package generation

import (
	"maps"
	"math"
	"slices"
)

// RepetitionPenalty divides the positive logits of tokens that occurred before, in the prompt too, by X and
// multiplies the negative ones by it (Keskar et al. 2019, https://arxiv.org/abs/1909.05858, §4.1).
type RepetitionPenalty struct{ X float64 }

// Name returns the name of the option.
func (RepetitionPenalty) Name() string { return "repetition-penalty" }

// Process changes the logits.
func (r RepetitionPenalty) Process(c *Candidates) {
	x := float32(r.X)
	c.occurrences(c.Tokens, func(id, _ int) {
		if c.Logits[id] > 0 {
			c.Logits[id] /= x
		} else {
			c.Logits[id] *= x
		}
	})
}

// FrequencyPenalty subtracts X from the logit of a token for each time that it occurs in the continuation
// (https://platform.openai.com/docs/api-reference/completions).
type FrequencyPenalty struct{ X float64 }

// Name returns the name of the option.
func (FrequencyPenalty) Name() string { return "frequency-penalty" }

// Process changes the logits.
func (f FrequencyPenalty) Process(c *Candidates) {
	c.occurrences(c.Generated(), func(id, n int) { c.Logits[id] -= float32(f.X * float64(n)) })
}

// PresencePenalty subtracts X from the logits of tokens that occur in the continuation
// (https://platform.openai.com/docs/api-reference/completions).
type PresencePenalty struct{ X float64 }

// Name returns the name of the option.
func (PresencePenalty) Name() string { return "presence-penalty" }

// Process changes the logits.
func (p PresencePenalty) Process(c *Candidates) {
	c.occurrences(c.Generated(), func(id, _ int) { c.Logits[id] -= float32(p.X) })
}

// newLogitBias returns the processor of Settings.LogitBias.
func newLogitBias(bias map[int]float64) (b LogitBias) {
	b.IDs = slices.Sorted(maps.Keys(bias))
	for _, id := range b.IDs {
		b.Bias = append(b.Bias, bias[id])
	}
	return b
}

// LogitBias adds Bias[i] to the logit of token IDs[i]
// (https://platform.openai.com/docs/api-reference/completions).
type LogitBias struct {
	IDs  []int
	Bias []float64
}

// Name returns the name of the option.
func (LogitBias) Name() string { return "logit-bias" }

// Process changes the logits.
func (b LogitBias) Process(c *Candidates) {
	for i, id := range b.IDs {
		if id >= 0 && id < len(c.Logits) {
			c.Logits[id] += float32(b.Bias[i])
		}
	}
}

// LengthDecay makes the end of a text more likely, exponentially in its length: once the continuation has
// more than Start tokens, by n, it adds |l|·(Factorⁿ − 1) to the logit l of each token that ends a text
// (Hugging Face's exponential_decay_length_penalty).
type LengthDecay struct {
	Start  int
	Factor float64
}

// Name returns the name of the option.
func (LengthDecay) Name() string { return "length-decay" }

// Process changes the logits.
func (d LengthDecay) Process(c *Candidates) {
	n := len(c.Generated()) - d.Start
	if n <= 0 {
		return
	}
	by := math.Pow(d.Factor, float64(n)) - 1
	for _, id := range c.End {
		if l := float64(c.Logits[id]); c.Logits[id] != never {
			c.Logits[id] = float32(min(l+math.Abs(l)*by, math.MaxFloat32))
		}
	}
}
