package metrics

// ROUGEScore holds mean F1 scores, 0 to 1.
type ROUGEScore struct {
	One float64 // ROUGE-1: words
	Two float64 // ROUGE-2: bigrams of words
	L   float64 // ROUGE-L: longest common subsequence of words
}

// ROUGE returns the mean over hyps[i] of the F1 scores against refs[i]; of several references the best
// score counts, separately for each measure (Lin 2004, https://aclanthology.org/W04-1013). Text is
// split by Words, without stemming: on ASCII text the scores equal those of Google's rouge_score;
// Chinese is scored by characters. The words of other scripts without spaces are shorter than those
// that a dictionary would find: compare such scores with each other only.
func ROUGE(hyps []string, refs [][]string) (ROUGEScore, error) {
	if err := checkPairs(hyps, refs); err != nil {
		return ROUGEScore{}, err
	}
	var sum ROUGEScore
	for i, hyp := range hyps {
		h := Words(hyp)
		var best ROUGEScore
		for _, ref := range refs[i] {
			s := rouge(h, Words(ref))
			best = ROUGEScore{max(best.One, s.One), max(best.Two, s.Two), max(best.L, s.L)}
		}
		sum = ROUGEScore{sum.One + best.One, sum.Two + best.Two, sum.L + best.L}
	}
	n := float64(len(hyps))
	return ROUGEScore{sum.One / n, sum.Two / n, sum.L / n}, nil
}

func rouge(hyp, ref []string) ROUGEScore {
	gram := func(n int) float64 {
		return f1(ngrams(hyp, n).common(ngrams(ref, n)), len(hyp)-n+1, len(ref)-n+1)
	}
	return ROUGEScore{gram(1), gram(2), f1(commonSubsequence(hyp, ref), len(hyp), len(ref))}
}

// f1 returns the F1 score of two lists of a and b items that have both items in common.
func f1(both, a, b int) float64 {
	if both == 0 {
		return 0
	}
	return 2 * float64(both) / float64(a+b)
}

// commonSubsequence returns the length of the longest common subsequence, in O(len(a)·len(b)) time and
// O(len(b)) memory.
func commonSubsequence(a, b []string) int {
	longest := make([]int, len(b)+1) // of the words of a so far and the first j of b
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := longest[j+1]
			if x == y {
				longest[j+1] = diagonal + 1
			} else {
				longest[j+1] = max(above, longest[j])
			}
			diagonal = above
		}
	}
	return longest[len(b)]
}
