package metrics

import (
	"slices"
	"strings"
)

// ExactMatch returns the fraction of hyps, 0 to 1, that equal one of their references except for
// leading and trailing white space.
func ExactMatch(hyps []string, refs [][]string) (float64, error) {
	if err := checkPairs(hyps, refs); err != nil {
		return 0, err
	}
	same := 0
	for i, hyp := range hyps {
		if Exact(hyp, refs[i]) {
			same++
		}
	}
	return float64(same) / float64(len(hyps)), nil
}

// Exact reports whether a text equals one of its references except for leading and trailing white space.
func Exact(hyp string, refs []string) bool {
	return slices.ContainsFunc(refs, func(ref string) bool { return strings.TrimSpace(hyp) == strings.TrimSpace(ref) })
}

// DistinctN returns the number of distinct n-grams of all texts divided by the number of n-grams, 0
// to 1 (Li et al. 2016, https://aclanthology.org/N16-1014). Texts are split by Words, into words and
// the characters of scripts without spaces. It is 0 if no text has n of them.
func DistinctN(texts []string, n int) float64 {
	seen, total := counts{}, 0
	for _, t := range texts {
		for gram, k := range ngrams(Words(t), n) {
			seen[gram] += k
			total += k
		}
	}
	return fraction(len(seen), total)
}

// RepetitionRate returns the fraction of the n-grams of all texts, 0 to 1, that occurred before in the
// same text. Texts are split by Words; n is commonly 4.
func RepetitionRate(texts []string, n int) float64 { return Repetition("", texts, n).Value() }

// Repetition returns RepetitionRate as a measure of this name.
func Repetition(name string, texts []string, n int) Ratio {
	r := Ratio{Name: name}
	for _, t := range texts {
		grams := ngrams(Words(t), n)
		size := grams.size()
		r.Part, r.Whole = append(r.Part, float64(size-len(grams))), append(r.Whole, float64(size))
	}
	return r
}

// fraction returns part/whole, or 0 if whole is 0.
func fraction(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
