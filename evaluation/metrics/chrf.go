package metrics

import (
	"strings"
	"unicode"
)

const (
	chrfChars = 6 // the longest character n-gram
	chrfWords = 2 // the longest word n-gram of chrF++
)

// ChrF returns the corpus chrF2 of hyps, 0 to 100, where refs[i] are the references of hyps[i]: the
// F-score with β = 2 of character 1- to 6-grams without white space (Popović 2015,
// https://aclanthology.org/W15-3049), with sacreBLEU's defaults. Of several references the one with
// the best score counts.
func ChrF(hyps []string, refs [][]string) (float64, error) {
	return chrf{beta: 2}.score(hyps, refs)
}

// ChrFPlusPlus returns chrF++, 0 to 100: ChrF with word 1- and 2-grams in addition (Popović 2017,
// https://aclanthology.org/W17-4770).
func ChrFPlusPlus(hyps []string, refs [][]string) (float64, error) {
	return chrf{beta: 2, words: chrfWords}.score(hyps, refs)
}

// chrf is a variant of the measure.
type chrf struct {
	beta   float64 // weight of recall
	words  int     // longest word n-gram, or 0
	spaces bool    // count white space
}

// chrfCounts are the numbers of n-grams in the hypothesis, the reference and both, by order: those of
// characters, then those of words.
type chrfCounts [chrfChars + chrfWords]struct{ hyp, ref, both int }

func (m chrf) score(hyps []string, refs [][]string) (float64, error) {
	if err := checkPairs(hyps, refs); err != nil {
		return 0, err
	}
	var sum chrfCounts
	for i, hyp := range hyps {
		best := m.best(hyp, refs[i])
		sum.sum(&best)
	}
	return 100 * m.f(sum), nil
}

// best returns the counts of one text against the reference with the best score.
func (m chrf) best(hyp string, refs []string) (best chrfCounts) {
	h := m.grams(hyp)
	bestF := -1.0
	for _, ref := range refs {
		c := compare(h, m.grams(ref))
		if f := m.f(c); f > bestF {
			best, bestF = c, f
		}
	}
	return best
}

// sum adds the counts of a text.
func (c *chrfCounts) sum(text *chrfCounts) {
	for n, t := range text {
		c[n].hyp += t.hyp
		c[n].ref += t.ref
		c[n].both += t.both
	}
}

// grams counts the n-grams of a text, by order.
func (m chrf) grams(text string) (g [chrfChars + chrfWords]counts) {
	chars := TokenizeChars(text)
	if m.spaces {
		chars = strings.Split(text, "")
	}
	for n := range chrfChars {
		g[n] = ngrams(chars, n+1)
	}
	words := chrfTokens(text)
	for n := range m.words {
		g[chrfChars+n] = ngrams(words, n+1)
	}
	return g
}

func compare(hyp, ref [chrfChars + chrfWords]counts) (c chrfCounts) {
	for n := range c {
		if len(ref[n]) == 0 {
			continue // as in sacreBLEU: an order that the reference lacks does not count
		}
		c[n].hyp, c[n].ref, c[n].both = hyp[n].size(), ref[n].size(), hyp[n].common(ref[n])
	}
	return c
}

// f returns the F-score of the mean precision and the mean recall over the orders that both the
// hypothesis and the reference have.
func (m chrf) f(c chrfCounts) float64 {
	var precision, recall, orders float64
	for _, n := range c {
		if n.hyp > 0 && n.ref > 0 {
			precision += float64(n.both) / float64(n.hyp)
			recall += float64(n.both) / float64(n.ref)
			orders++
		}
	}
	if precision+recall == 0 {
		return 0
	}
	precision, recall = precision/orders, recall/orders
	b := m.beta * m.beta
	return (1 + b) * precision * recall / (b*precision + recall)
}

// chrfTokens returns the words of chrF++: separated by white space, with one punctuation mark split
// off at the end or else at the beginning.
func chrfTokens(text string) []string {
	var words []string
	for _, w := range strings.Fields(text) {
		r := []rune(w)
		switch last := len(r) - 1; {
		case last == 0:
			words = append(words, w)
		case isASCIIPunct(r[last]):
			words = append(words, string(r[:last]), string(r[last]))
		case isASCIIPunct(r[0]):
			words = append(words, string(r[0]), string(r[1:]))
		default:
			words = append(words, w)
		}
	}
	return words
}

// isASCIIPunct reports whether r is in Python's string.punctuation.
func isASCIIPunct(r rune) bool {
	return r <= unicode.MaxASCII && (unicode.IsPunct(r) || unicode.IsSymbol(r))
}
