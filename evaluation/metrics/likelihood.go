package metrics

import "math"

// Likelihood says how probable a text is under a model, and how long the text is in the
// units that perplexities are quoted in. Likelihoods of parts of a text add up.
type Likelihood struct {
	NLL    float64 // −log p of the scored tokens together, in nats
	Tokens int     // scored
	Bytes  int     // of UTF-8 that the scored tokens stand for
	Chars  int     // Unicode code points
}

// Add returns the likelihood of two parts together.
func (l Likelihood) Add(m Likelihood) Likelihood {
	return Likelihood{l.NLL + m.NLL, l.Tokens + m.Tokens, l.Bytes + m.Bytes, l.Chars + m.Chars}
}

// NLLPerToken is the mean loss of a token, in nats. Like the measures below it is NaN for
// nothing scored.
func (l Likelihood) NLLPerToken() float64 { return l.NLL / float64(l.Tokens) }

// Perplexity is e to the mean loss of a token. It depends on the tokenizer; compare models
// of different tokenizers by BitsPerByte or BitsPerChar.
func (l Likelihood) Perplexity() float64 { return math.Exp(l.NLLPerToken()) }

// BitsPerByte is −log₂ p for each byte of the text.
func (l Likelihood) BitsPerByte() float64 { return l.NLL / math.Ln2 / float64(l.Bytes) }

// BitsPerChar is −log₂ p for each character of the text.
func (l Likelihood) BitsPerChar() float64 { return l.NLL / math.Ln2 / float64(l.Chars) }

// Report lists the measures under the names that cmd/generate -score prints.
func (l Likelihood) Report() Report {
	return Report{
		{"tokens", float64(l.Tokens)},
		{"chars", float64(l.Chars)},
		{"bytes", float64(l.Bytes)},
		{"nll_per_token", l.NLLPerToken()},
		{"perplexity", l.Perplexity()},
		{"bits_per_byte", l.BitsPerByte()},
		{"bits_per_char", l.BitsPerChar()},
	}
}
