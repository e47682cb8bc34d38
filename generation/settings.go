package generation

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"euryale/generation/watermark"
)

// Settings say how tokens are chosen. The zero value is greedy and generates nothing: set
// Tokens.
type Settings struct {
	Tokens    int      // most tokens of a continuation
	MinTokens int      // no end token and no stop text before so many
	Stop      []string // texts that end a continuation
	Seed      uint64
	MaxTime   time.Duration // after which a continuation ends; 0: none

	// Strategies; see Strategy. Without any of them each continuation is sampled, or greedy where Temperature is 0.
	Strategy        Strategy // one of one's own; nil: the one that the fields below choose
	Beams           int      // beam search of so many; 1 is greedy
	BeamSample      bool     // sample the tokens of the beams
	LengthPenalty   float64  // a beam's score is its log-probability over its length to this power; 0: none
	CoveragePenalty float64  // weight of the penalty for parts of the source that no token attends to; 0: none
	EarlyStop       bool     // a beam search ends once as many beams as it has have ended
	BestOf          int      // samples, of which those with the best mean log-probability are returned; 0: off
	MBR             int      // samples, of which those most like the others are returned; 0: off

	// Guidance multiplies what the text of the prompt changes about the logits, before any processor; 0 or 1: off. Each
	// sequence is read a second time, without that text (Sanchez et al. 2023, https://arxiv.org/abs/2306.17806).
	Guidance float64

	// Processors, by name in the order in which they run; see DefaultOrder.
	Processors []Processor // of one's own
	Order      []string    // names of all processors that are used; nil: DefaultOrder

	LogitBias         map[int]float64 // added to the logits of tokens
	RepetitionPenalty float64         // divides the logits of tokens that occurred before; 0 or 1: off
	FrequencyPenalty  float64         // subtracted from a logit for each time that its token was generated
	PresencePenalty   float64         // subtracted from the logits of tokens that were generated
	NoRepeat          int             // no n-gram of so many tokens occurs twice; 0: off
	BadWords          [][]int         // token sequences that are not generated
	LengthDecay       LengthDecay     // makes the end more likely with the length; Factor 0 or 1: off
	Ban               []int           // tokens that are never chosen
	BanFirst          []int           // tokens that are not chosen first
	Force             Force           // tokens that are chosen at certain places

	// Of sampling alone; greedy decoding and beam search do not use them.
	Temperature float64 // of the softmax; 0: greedy
	MinP        float64 // least probability, as a fraction of the most likely token's; 0: off
	TopK        int     // sample from the k most likely tokens; 0: off
	TopP        float64 // nucleus: the smallest set of tokens with probability p; 0 or 1: off
	Typical     float64 // locally typical tokens of probability p; 0 or 1: off
	Epsilon     float64 // least probability; 0: off
	Eta         float64 // least probability where the entropy is low; 0: off

	Watermark *watermark.Key // marks the texts, after all processors; nil: off

	TopLogprobs int // of alternatives in Result.Steps; 0: no steps

	Observe func(Observation) // called with each token of a continuation without beams; nil: off
}

// samples reports whether tokens are sampled, and not the most likely ones chosen.
func (s Settings) samples() bool { return s.Temperature > 0 && (s.Beams == 0 || s.BeamSample) }

// Streams reports whether texts are shown while they are generated: not where the strategy chooses among
// finished ones.
func (s Settings) Streams() bool { return s.Beams <= 1 && s.BestOf == 0 && s.MBR == 0 }

// DefaultOrder returns the names of the processors in the order in which they run by default. Processors of
// one's own come before them. The first group is that of Hugging Face's logits processors, the
// second, from temperature on, that of its warpers, except that min-p comes before top-k and top-p.
func DefaultOrder() []string {
	return []string{"logit-bias", "repetition-penalty", "frequency-penalty", "presence-penalty", "no-repeat", "bad-words", "min-tokens",
		"length-decay", "suppress", "force", "temperature", "min-p", "top-k", "top-p", "typical", "epsilon", "eta", "watermark"}
}

// Chain returns the processors that the settings ask for, in the order in which they run. A processor that
// Order does not name is an error.
func (s Settings) Chain() (Chain, error) {
	chain := slices.Concat(Chain(s.Processors), s.deterministic())
	if s.samples() {
		chain = append(chain, s.sampling()...)
	}
	if s.Watermark != nil {
		chain = append(chain, newMark(s.Watermark))
	}
	if s.Order == nil {
		return chain, nil
	}
	var ordered Chain
	for i, name := range s.Order {
		if slices.Contains(s.Order[:i], name) {
			return nil, fmt.Errorf("processors: %s comes twice, want each once", name)
		}
		at := slices.IndexFunc(chain, func(p Processor) bool { return p.Name() == name })
		if at < 0 && !slices.Contains(DefaultOrder(), name) {
			return nil, fmt.Errorf("processors: no processor is named %q; there are %s", name, strings.Join(append(DefaultOrder(), names(s.Processors)...), ", "))
		}
		for ; at >= 0; at = slices.IndexFunc(chain, func(p Processor) bool { return p.Name() == name }) {
			ordered, chain = append(ordered, chain[at]), slices.Delete(chain, at, at+1)
		}
	}
	if len(chain) > 0 {
		return nil, fmt.Errorf("processors: %s is set, and the list does not name it", chain[0].Name())
	}
	if s.Watermark != nil && s.Order[len(s.Order)-1] != markName {
		return nil, fmt.Errorf("processors: %s must be the last: it marks the distribution that tokens are chosen from", markName)
	}
	return ordered, nil
}

// deterministic returns the processors that greedy decoding and beam search use too.
func (s Settings) deterministic() (ch Chain) {
	add := func(on bool, p Processor) {
		if on {
			ch = append(ch, p)
		}
	}
	add(len(s.LogitBias) > 0, newLogitBias(s.LogitBias))
	add(s.RepetitionPenalty != 0 && s.RepetitionPenalty != 1, RepetitionPenalty{s.RepetitionPenalty})
	add(s.FrequencyPenalty != 0, FrequencyPenalty{s.FrequencyPenalty})
	add(s.PresencePenalty != 0, PresencePenalty{s.PresencePenalty})
	add(s.NoRepeat > 0, NoRepeat{s.NoRepeat})
	add(len(s.BadWords) > 0, BadWords{s.BadWords})
	add(s.MinTokens > 0, MinTokens{s.MinTokens})
	add(s.LengthDecay.Factor != 0 && s.LengthDecay.Factor != 1, s.LengthDecay)
	add(len(s.Ban)+len(s.BanFirst) > 0, Suppress{s.Ban, s.BanFirst})
	add(len(s.Force.Places) > 0, s.Force)
	return ch
}

// sampling returns the processors of sampling alone.
func (s Settings) sampling() (ch Chain) {
	add := func(on bool, p Processor) {
		if on {
			ch = append(ch, p)
		}
	}
	add(s.Temperature != 1, Temperature{s.Temperature})
	add(s.MinP > 0, MinP{s.MinP})
	add(s.TopK > 0, TopK{s.TopK})
	add(s.TopP > 0 && s.TopP < 1, TopP{s.TopP})
	add(s.Typical > 0 && s.Typical < 1, Typical{s.Typical})
	add(s.Epsilon > 0, Epsilon{s.Epsilon})
	add(s.Eta > 0, Eta{s.Eta})
	return ch
}

// Check returns what is wrong with the settings.
func (s Settings) Check() error {
	switch {
	case s.Tokens < 0 || s.MinTokens < 0 || s.TopK < 0 || s.NoRepeat < 0:
		return fmt.Errorf("tokens = %d, min-tokens = %d, top-k = %d, no-repeat = %d, want none below 0", s.Tokens, s.MinTokens, s.TopK, s.NoRepeat)
	case !(s.Guidance >= 0) || math.IsInf(s.Guidance, 0):
		return fmt.Errorf("guidance = %v, want 1 (none) or another number of 0 or more", s.Guidance)
	case s.MaxTime < 0 || s.TopLogprobs < 0:
		return fmt.Errorf("max-time = %v and top-logprobs = %d, want none below 0", s.MaxTime, s.TopLogprobs)
	case !(s.Temperature >= 0) || math.IsInf(s.Temperature, 0):
		return fmt.Errorf("temperature = %v, want 0 (greedy) or more", s.Temperature)
	case !fraction(s.TopP) || !fraction(s.MinP):
		return fmt.Errorf("top-p = %v and min-p = %v, want from 0 to 1", s.TopP, s.MinP)
	case !fraction(s.Typical) || !fraction(s.Epsilon) || !fraction(s.Eta):
		return fmt.Errorf("typical = %v, epsilon = %v and eta = %v, want from 0 to 1", s.Typical, s.Epsilon, s.Eta)
	case s.Beams < 0 || !(s.LengthPenalty >= 0) || math.IsInf(s.LengthPenalty, 0):
		return fmt.Errorf("beam = %d and length-penalty = %v, want none below 0", s.Beams, s.LengthPenalty)
	case !(s.RepetitionPenalty >= 0) || math.IsInf(s.RepetitionPenalty, 0):
		return fmt.Errorf("repetition-penalty = %v, want 1 (none) or more", s.RepetitionPenalty)
	case !finite(s.FrequencyPenalty) || !finite(s.PresencePenalty):
		return fmt.Errorf("frequency-penalty = %v and presence-penalty = %v, want numbers", s.FrequencyPenalty, s.PresencePenalty)
	}
	if slices.Contains(s.Stop, "") {
		return fmt.Errorf("a stop text is empty: it would stop before the first token")
	}
	if err := s.checkTokens(); err != nil {
		return err
	}
	if err := s.checkStrategy(); err != nil {
		return err
	}
	if err := s.checkWatermark(); err != nil {
		return err
	}
	_, err := s.Chain()
	return err
}

// checkTokens returns what is wrong with the processors of particular tokens.
func (s Settings) checkTokens() error {
	for id, b := range s.LogitBias {
		if math.IsNaN(b) || math.IsInf(b, 1) {
			return fmt.Errorf("logit-bias of token %d = %v, want a number", id, b)
		}
	}
	for i, word := range s.BadWords {
		if len(word) == 0 {
			return fmt.Errorf("bad-words: word %d has no tokens", i)
		}
	}
	switch d := s.LengthDecay; {
	case d.Start < 0 || !(d.Factor >= 0) || math.IsInf(d.Factor, 0):
		return fmt.Errorf("length-decay = %d,%v, want a start of 0 or more and a factor above 0", d.Start, d.Factor)
	case len(s.Force.Places) != len(s.Force.IDs):
		return fmt.Errorf("force has %d places and %d tokens, want as many", len(s.Force.Places), len(s.Force.IDs))
	}
	return nil
}

// checkStrategy returns which options of strategies exclude each other.
func (s Settings) checkStrategy() error {
	name, n := "best-of", s.BestOf
	if s.MBR != 0 {
		name, n = "mbr", s.MBR
	}
	switch {
	case s.BestOf < 0 || s.MBR < 0:
		return fmt.Errorf("best-of = %d and mbr = %d, want none below 0", s.BestOf, s.MBR)
	case s.BestOf > 0 && s.MBR > 0:
		return fmt.Errorf("best-of = %d and mbr = %d exclude each other: choose one", s.BestOf, s.MBR)
	case s.BeamSample && s.Beams < 2:
		return fmt.Errorf("beam-sample with beam = %d, want 2 beams or more", s.Beams)
	case s.BeamSample && s.Temperature == 0:
		return fmt.Errorf("beam-sample with temperature = 0 is greedy: set a temperature")
	case n > 0 && s.Beams > 0:
		return fmt.Errorf("%s = %d and beam = %d exclude each other: choose one", name, n, s.Beams)
	case n > 1 && s.Temperature == 0:
		return fmt.Errorf("%s = %d with temperature = 0 would generate one text %d times: set a temperature", name, n, n)
	case !(s.CoveragePenalty >= 0) || math.IsInf(s.CoveragePenalty, 0):
		return fmt.Errorf("coverage-penalty = %v, want 0 (none) or more", s.CoveragePenalty)
	}
	return nil
}

// fraction reports whether p is from 0 to 1.
func fraction(p float64) bool { return p >= 0 && p <= 1 }
