package metrics

import "strings"

// ExactMatch is the share of hyps, 0 to 1, that equal one of their references but for
// white space at the ends.
func ExactMatch(hyps []string, refs [][]string) (float64, error) {
	if err := checkPairs(hyps, refs); err != nil {
		return 0, err
	}
	same := 0
	for i, hyp := range hyps {
		for _, ref := range refs[i] {
			if strings.TrimSpace(hyp) == strings.TrimSpace(ref) {
				same++
				break
			}
		}
	}
	return float64(same) / float64(len(hyps)), nil
}

// DistinctN is the number of different n-grams in all of texts over the number of
// n-grams, 0 to 1 (Li et al. 2016, https://aclanthology.org/N16-1014). The units are those
// of Words: words, and Chinese characters. It is 0 if no text has n of them.
func DistinctN(texts []string, n int) float64 {
	seen, total := counts{}, 0
	for _, t := range texts {
		for gram, k := range ngrams(Words(t), n) {
			seen[gram] += k
			total += k
		}
	}
	return share(len(seen), total)
}

// RepetitionRate is the share of n-grams, 0 to 1, that occurred before in the same text,
// over all of texts. The units are those of Words; 4 is a usual n.
func RepetitionRate(texts []string, n int) float64 {
	again, total := 0, 0
	for _, t := range texts {
		grams := ngrams(Words(t), n)
		size := grams.size()
		again += size - len(grams)
		total += size
	}
	return share(again, total)
}

// share is part/whole, and 0 of nothing.
func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
