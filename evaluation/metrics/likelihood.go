package metrics

import "math"

// Likelihood is the likelihood of a text under a model, with the length of the text in tokens, bytes,
// characters and words. Likelihoods of the parts of a text add up.
type Likelihood struct {
	NLL    float64 // −log p of all scored tokens, in nats
	Tokens int     // number of scored tokens
	Bytes  int     // UTF-8 bytes of the scored tokens
	Chars  int     // Unicode code points of the scored tokens
	Words  int     // words and ends of lines, as tokenizer.CountWords counts them
}

// Add returns the likelihood of two parts of a text.
func (l Likelihood) Add(m Likelihood) Likelihood {
	return Likelihood{l.NLL + m.NLL, l.Tokens + m.Tokens, l.Bytes + m.Bytes, l.Chars + m.Chars, l.Words + m.Words}
}

// NLLPerToken returns the mean loss per token, in nats. Like the metrics below it is NaN if no token
// was scored.
func (l Likelihood) NLLPerToken() float64 { return l.NLL / float64(l.Tokens) }

// Perplexity returns exp(NLLPerToken). It depends on the tokenizer; compare models with different
// tokenizers by BitsPerByte, BitsPerChar or WordPerplexity.
func (l Likelihood) Perplexity() float64 { return math.Exp(l.NLLPerToken()) }

// BitsPerByte returns −log₂ p per byte of the text.
func (l Likelihood) BitsPerByte() float64 { return l.NLL / math.Ln2 / float64(l.Bytes) }

// BitsPerChar returns −log₂ p per character of the text.
func (l Likelihood) BitsPerChar() float64 { return l.NLL / math.Ln2 / float64(l.Chars) }

// WordPerplexity returns exp(−log p per word), the measure that is published for PTB and WikiText.
func (l Likelihood) WordPerplexity() float64 { return math.Exp(l.NLL / float64(l.Words)) }

// Report returns the metrics by the names that cmd/evaluate -score prints.
func (l Likelihood) Report() Report {
	return Report{
		{"tokens", float64(l.Tokens)},
		{"chars", float64(l.Chars)},
		{"bytes", float64(l.Bytes)},
		{"nll_per_token", l.NLLPerToken()},
		{"perplexity", l.Perplexity()},
		{"bits_per_byte", l.BitsPerByte()},
		{"bits_per_char", l.BitsPerChar()},
		{"words", float64(l.Words)},
		{"word_perplexity", l.WordPerplexity()},
	}
}
