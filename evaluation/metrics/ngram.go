package metrics

import "strings"

// counts is a multiset of n-grams.
type counts map[string]int

// ngrams counts the n-grams of tokens, joined by spaces: no tokenizer of this package leaves a space
// in a token.
func ngrams(tokens []string, n int) counts {
	c := make(counts, max(0, len(tokens)-n+1))
	for i := range len(tokens) - n + 1 {
		c[strings.Join(tokens[i:i+n], " ")]++
	}
	return c
}

// common returns the size of the intersection of two multisets.
func (c counts) common(d counts) int {
	if len(d) < len(c) {
		c, d = d, c
	}
	n := 0
	for gram, k := range c {
		n += min(k, d[gram])
	}
	return n
}

// size returns the number of n-grams, with repetitions.
func (c counts) size() int {
	n := 0
	for _, k := range c {
		n += k
	}
	return n
}
