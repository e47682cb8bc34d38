package metrics

import (
	"fmt"
	"slices"
)

// SelfBLEU returns, for each of two texts or more, its sentence BLEU with all others as references, 0 to
// 100. Their mean is the Self-BLEU of Zhu et al. 2018 (Texygen, https://arxiv.org/abs/1802.01886): the
// higher, the more alike the texts are. A text of fewer than four tokens has 0. The time is in proportion
// to the length of all texts.
func SelfBLEU(texts []string, tokenize Tokenizer) ([]float64, error) {
	if len(texts) < 2 {
		return nil, fmt.Errorf("metrics: Self-BLEU of %d texts, want two or more", len(texts))
	}
	all := make([]bleuCounts, len(texts))
	tokens := make([][]string, len(texts))
	var lengths []int
	for i, t := range texts {
		tokens[i] = tokenize(t)
		all[i].hyp = len(tokens[i])
		lengths = append(lengths, len(tokens[i]))
	}
	slices.Sort(lengths)
	for i := range all {
		all[i].ref = nearestOther(lengths, all[i].hyp)
	}
	for n := 1; n <= bleuOrder; n++ {
		grams := make([]counts, len(texts))
		for i := range texts {
			grams[i] = ngrams(tokens[i], n)
			all[i].total[n-1] = max(0, len(tokens[i])-n+1)
		}
		most := mostOf(grams)
		for i := range all {
			for gram, k := range grams[i] {
				all[i].matches[n-1] += min(k, most[gram].besides(i))
			}
		}
	}
	scores := make([]float64, len(texts))
	for i := range all {
		scores[i] = all[i].score().Score
	}
	return scores, nil
}

// twoMost are the two highest counts of an n-gram in any text.
type twoMost struct {
	first, second int
	of            int // the text with the highest count
}

// besides returns the highest count in a text other than i.
func (m twoMost) besides(i int) int {
	if m.of == i {
		return m.second
	}
	return m.first
}

// mostOf returns the highest counts of each n-gram.
func mostOf(grams []counts) map[string]twoMost {
	most := map[string]twoMost{}
	for i, g := range grams {
		for gram, k := range g {
			m := most[gram]
			switch {
			case k > m.first:
				m = twoMost{k, m.first, i}
			case k > m.second:
				m.second = k
			}
			most[gram] = m
		}
	}
	return most
}

// nearestOther returns the length that is nearest to n in sorted lengths without one n.
func nearestOther(sorted []int, n int) int {
	at, _ := slices.BinarySearch(sorted, n)
	nearest := -1
	if at+1 < len(sorted) { // sorted[at] is the text's own
		nearest = nearer(n, sorted[at+1], nearest)
	}
	if at > 0 {
		nearest = nearer(n, sorted[at-1], nearest)
	}
	return nearest
}
