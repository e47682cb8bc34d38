package metrics

import "strings"

// counts says how often each n-gram occurs.
type counts map[string]int

// ngrams counts the runs of n tokens, joined by spaces: no tokenizer here leaves a
// space inside a token.
func ngrams(tokens []string, n int) counts {
	c := make(counts, max(0, len(tokens)-n+1))
	for i := range len(tokens) - n + 1 {
		c[strings.Join(tokens[i:i+n], " ")]++
	}
	return c
}

// common is the size of the intersection of the two multisets.
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

// size is the number of n-grams, each as often as it occurs.
func (c counts) size() int {
	n := 0
	for _, k := range c {
		n += k
	}
	return n
}
