package metrics

import (
	"fmt"
	"math"
)

// bleuOrder is the order of the longest n-grams.
const bleuOrder = 4

// BLEUScore is a corpus BLEU and its components.
type BLEUScore struct {
	Score          float64            // 0 to 100
	Precisions     [bleuOrder]float64 // of the 1- to 4-grams, smoothed, 0 to 100
	BrevityPenalty float64            // 0 to 1
	HypLen, RefLen int                // tokens; of several references the one nearest in length counts
}

// String formats the score as sacreBLEU does.
func (s BLEUScore) String() string {
	p := s.Precisions
	return fmt.Sprintf("BLEU = %.2f %.1f/%.1f/%.1f/%.1f (BP = %.3f ratio = %.3f hyp_len = %d ref_len = %d)",
		s.Score, p[0], p[1], p[2], p[3], s.BrevityPenalty, float64(s.HypLen)/float64(max(1, s.RefLen)), s.HypLen, s.RefLen)
}

// BLEU returns the corpus BLEU of hyps, where refs[i] are the references of hyps[i] (Papineni et al.
// 2002, https://aclanthology.org/P02-1040), with sacreBLEU's defaults: 4-grams, case-sensitive, "exp"
// smoothing (Chen and Cherry 2014, method 3), no effective order. With Tokenize13a, TokenizeZh or
// TokenizeChars the scores equal sacreBLEU's (Post 2018, https://aclanthology.org/W18-6319). For the
// BLEU of a sentence pass a corpus of one.
func BLEU(hyps []string, refs [][]string, tokenize Tokenizer) (BLEUScore, error) {
	if err := checkPairs(hyps, refs); err != nil {
		return BLEUScore{}, err
	}
	var c bleuCounts
	for i, hyp := range hyps {
		c.add(hyp, refs[i], tokenize)
	}
	return c.score(), nil
}

// bleuCounts are the sufficient statistics of BLEU; arrays are by n-gram order.
type bleuCounts struct {
	matches, total [bleuOrder]int
	hyp, ref       int
}

func (c *bleuCounts) add(hyp string, refs []string, tokenize Tokenizer) {
	h := tokenize(hyp)
	tokens := make([][]string, len(refs))
	nearest := -1
	for i, ref := range refs {
		tokens[i] = tokenize(ref)
		nearest = nearer(len(h), len(tokens[i]), nearest)
	}
	c.hyp += len(h)
	c.ref += nearest
	for n := 1; n <= bleuOrder; n++ {
		all := counts{} // of each n-gram, its maximum over the references
		for _, ref := range tokens {
			for gram, k := range ngrams(ref, n) {
				all[gram] = max(all[gram], k)
			}
		}
		c.matches[n-1] += ngrams(h, n).common(all)
		c.total[n-1] += max(0, len(h)-n+1)
	}
}

// sum adds the counts of a text.
func (c *bleuCounts) sum(text *bleuCounts) {
	for n := range bleuOrder {
		c.matches[n] += text.matches[n]
		c.total[n] += text.total[n]
	}
	c.hyp += text.hyp
	c.ref += text.ref
}

// nearer returns the length, a or b, that is nearer to n; of two equally near ones, the shorter. A
// negative b means none.
func nearer(n, a, b int) int {
	da, db := max(a-n, n-a), max(b-n, n-b)
	if b < 0 || da < db || (da == db && a < b) {
		return a
	}
	return b
}

func (c bleuCounts) score() BLEUScore {
	s := BLEUScore{BrevityPenalty: 1, HypLen: c.hyp, RefLen: c.ref}
	if c.hyp < c.ref {
		s.BrevityPenalty = math.Exp(1 - float64(c.ref)/float64(c.hyp)) // exp(−∞) = 0 for no tokens
	}
	if c.matches == [bleuOrder]int{} {
		return s
	}
	smooth, logs := 1.0, 0.0
	for n, total := range c.total {
		switch {
		case total == 0:
			return s // no hypothesis has an n-gram of this order: BLEU is undefined, and 0 by convention
		case c.matches[n] == 0:
			smooth *= 2
			s.Precisions[n] = 100 / (smooth * float64(total))
		default:
			s.Precisions[n] = 100 * float64(c.matches[n]) / float64(total)
		}
		logs += math.Log(s.Precisions[n])
	}
	s.Score = s.BrevityPenalty * math.Exp(logs/bleuOrder)
	return s
}
