package metrics

import (
	"fmt"
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
		for _, ref := range refs[i] {
			if strings.TrimSpace(hyp) == strings.TrimSpace(ref) {
				same++
				break
			}
		}
	}
	return float64(same) / float64(len(hyps)), nil
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

// SelfBLEU returns, for each of two texts or more, its sentence BLEU with all others as references, 0 to
// 100. Their mean is the Self-BLEU of Zhu et al. 2018 (Texygen, https://arxiv.org/abs/1802.01886): the
// higher, the more alike the texts are. A text of fewer than four tokens has 0.
func SelfBLEU(texts []string, tokenize Tokenizer) ([]float64, error) {
	if len(texts) < 2 {
		return nil, fmt.Errorf("metrics: Self-BLEU of %d texts, want two or more", len(texts))
	}
	scores := make([]float64, len(texts))
	for i, t := range texts {
		others := slices.Concat(texts[:i], texts[i+1:])
		b, err := BLEU([]string{t}, [][]string{others}, tokenize)
		if err != nil {
			return nil, err
		}
		scores[i] = b.Score
	}
	return scores, nil
}

// RepetitionRate returns the fraction of the n-grams of all texts, 0 to 1, that occurred before in the
// same text. Texts are split by Words; n is commonly 4.
func RepetitionRate(texts []string, n int) float64 {
	again, total := 0, 0
	for _, t := range texts {
		grams := ngrams(Words(t), n)
		size := grams.size()
		again += size - len(grams)
		total += size
	}
	return fraction(again, total)
}

// fraction returns part/whole, or 0 if whole is 0.
func fraction(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
