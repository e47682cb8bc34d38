package metrics

// Scored holds what BLEU, chrF and ROUGE count in each of a list of texts, so that the scores of
// any choice of them, such as a bootstrap resample (Koehn 2004, https://aclanthology.org/W04-3250),
// are sums and cost no further counting.
type Scored struct {
	bleu  []bleuCounts
	chrf  []chrfCounts
	rouge []ROUGEScore
}

// NewScored counts in hyps, where refs[i] are the references of hyps[i]; BLEU splits texts with
// tokenize.
func NewScored(hyps []string, refs [][]string, tokenize Tokenizer) (*Scored, error) {
	if err := checkPairs(hyps, refs); err != nil {
		return nil, err
	}
	s := &Scored{make([]bleuCounts, len(hyps)), make([]chrfCounts, len(hyps)), make([]ROUGEScore, len(hyps))}
	for i, hyp := range hyps {
		s.bleu[i].add(hyp, refs[i], tokenize)
		s.chrf[i] = chrf{beta: 2}.best(hyp, refs[i])
		s.rouge[i] = bestROUGE(hyp, refs[i])
	}
	return s, nil
}

// Len returns the number of texts.
func (s *Scored) Len() int { return len(s.bleu) }

// ScoreNames are the measures that Over returns, in its order.
var ScoreNames = []string{"bleu", "chrf2", "rouge_1", "rouge_2", "rouge_l"}

// Over returns the scores of a corpus of the texts of these numbers; a text may occur several
// times. BLEU and chrF are 0 to 100, ROUGE 0 to 1.
func (s *Scored) Over(texts []int) []float64 {
	var b bleuCounts
	var c chrfCounts
	var r ROUGEScore
	for _, i := range texts {
		b.sum(&s.bleu[i])
		c.sum(&s.chrf[i])
		r = ROUGEScore{r.One + s.rouge[i].One, r.Two + s.rouge[i].Two, r.L + s.rouge[i].L}
	}
	n := float64(len(texts))
	return []float64{b.score().Score, 100 * chrf{beta: 2}.f(c), r.One / n, r.Two / n, r.L / n}
}
