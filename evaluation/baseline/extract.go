package baseline

import (
	"math"
	"slices"
	"strings"

	"euryale/data/task"
	"euryale/evaluation/metrics"
)

// leadWords returns how many words a summary of the training part has on average.
func leadWords(known []task.Example) int {
	words := 0
	for _, ex := range known {
		words += len(metrics.Words(ex.Reference))
	}
	return max(1, int(math.Round(float64(words)/float64(max(1, len(known))))))
}

// lead returns the first n words of a text.
func lead(text string, n int) string {
	first := metrics.Words(text)
	return strings.Join(first[:min(n, len(first))], " ")
}

// sentenceEnds end a sentence: of Latin text if white space follows.
const sentenceEnds, wideEnds = ".!?", "。！？；\n"

// sentences splits a text after its sentences.
func sentences(text string) (all []string) {
	begin := 0
	for at, r := range text {
		end := at + len(string(r))
		latin := strings.ContainsRune(sentenceEnds, r) && (end == len(text) || strings.ContainsAny(text[end:end+1], " \t\n"))
		if latin || strings.ContainsRune(wideEnds, r) {
			all, begin = append(all, strings.TrimSpace(text[begin:end])), end
		}
	}
	all = append(all, strings.TrimSpace(text[begin:]))
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// oracle returns the sentences of the source that are most like the reference: it adds the one with which
// the F1 score of words rises most, as long as there is one (Nallapati et al. 2017,
// https://arxiv.org/abs/1611.04230), in the order of the source.
func oracle(ex task.Example) string {
	all := sentences(ex.Source)
	words := make([][]string, len(all))
	for i, s := range all {
		words[i] = metrics.Words(s)
	}
	want := metrics.Words(ex.Reference)
	var chosen []int
	best := 0.0
	for len(chosen) < len(all) {
		next := -1
		for i := range all {
			if slices.Contains(chosen, i) {
				continue
			}
			if f := overlap(words, append(slices.Clone(chosen), i), want); f > best {
				best, next = f, i
			}
		}
		if next < 0 {
			break
		}
		chosen = append(chosen, next)
	}
	slices.Sort(chosen)
	var text []string
	for _, i := range chosen {
		text = append(text, all[i])
	}
	return strings.Join(text, " ")
}

// overlap returns the F1 score of the words of chosen sentences against those wanted.
func overlap(words [][]string, chosen []int, want []string) float64 {
	left, n, both := map[string]int{}, 0, 0
	for _, w := range want {
		left[w]++
	}
	for _, i := range chosen {
		for _, w := range words[i] {
			n++
			if left[w] > 0 {
				left[w]--
				both++
			}
		}
	}
	return 2 * float64(both) / float64(max(1, n+len(want)))
}
