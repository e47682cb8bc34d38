package metrics

import "slices"

// Scored holds what BLEU, chrF and ROUGE count in each of a list of texts, so that the scores of
// any choice of them, such as a bootstrap resample (Koehn 2004, https://aclanthology.org/W04-3250),
// are sums and cost no further counting.
type Scored struct {
	bleu   []bleuCounts
	chrf   []chrfCounts
	rouge  []ROUGEScore
	ratios []Ratio
}

// Ratio is a measure that is a sum over texts divided by another one, as a share of texts or a micro-averaged F1.
type Ratio struct {
	Name        string
	Part, Whole []float64 // of each text
}

// Shares returns the measure of a share: of the texts in all, those that are right; all may be nil.
func Shares(name string, right, all []bool) Ratio {
	r := Ratio{name, make([]float64, len(right)), make([]float64, len(right))}
	for i := range right {
		if all == nil || all[i] {
			r.Whole[i] = 1
			if right[i] {
				r.Part[i] = 1
			}
		}
	}
	return r
}

// Value returns the measure over all texts; a ratio of nothing is 0.
func (r Ratio) Value() float64 {
	part, whole := 0.0, 0.0
	for i := range r.Part {
		part, whole = part+r.Part[i], whole+r.Whole[i]
	}
	if whole == 0 {
		return 0
	}
	return part / whole
}

// Mean returns the measure of a mean over texts.
func Mean(name string, values []float64) Ratio {
	r := Ratio{name, values, make([]float64, len(values))}
	for i := range r.Whole {
		r.Whole[i] = 1
	}
	return r
}

// NewScored counts in hyps, where refs[i] are the references of hyps[i]; BLEU splits texts with
// tokenize.
func NewScored(hyps []string, refs [][]string, tokenize Tokenizer) (*Scored, error) {
	if err := checkPairs(hyps, refs); err != nil {
		return nil, err
	}
	s := &Scored{bleu: make([]bleuCounts, len(hyps)), chrf: make([]chrfCounts, len(hyps)), rouge: make([]ROUGEScore, len(hyps))}
	for i, hyp := range hyps {
		s.bleu[i].add(hyp, refs[i], tokenize)
		s.chrf[i] = chrf{beta: 2}.best(hyp, refs[i])
		s.rouge[i] = bestROUGE(hyp, refs[i])
	}
	return s, nil
}

// Len returns the number of texts.
func (s *Scored) Len() int { return len(s.bleu) }

// Add adds a measure to those that Over returns.
func (s *Scored) Add(r Ratio) { s.ratios = append(s.ratios, r) }

// Names returns the measures that Over returns, in its order: ScoreNames, then those that were added.
func (s *Scored) Names() []string {
	names := slices.Clone(ScoreNames)
	for _, r := range s.ratios {
		names = append(names, r.Name)
	}
	return names
}

// ScoreNames are the measures that Over returns of any texts, in its order.
var ScoreNames = []string{"bleu", "chrf2", "rouge_1", "rouge_2", "rouge_l"}

// Over returns the scores of a corpus of the texts of these numbers; a text may occur several
// times. BLEU and chrF are 0 to 100, ROUGE 0 to 1, and measures that were added as they are; a ratio of
// nothing is 0.
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
	all := []float64{b.score().Score, 100 * chrf{beta: 2}.f(c), r.One / n, r.Two / n, r.L / n}
	for _, ratio := range s.ratios {
		part, whole := 0.0, 0.0
		for _, i := range texts {
			part, whole = part+ratio.Part[i], whole+ratio.Whole[i]
		}
		if whole > 0 {
			part /= whole
		}
		all = append(all, part)
	}
	return all
}
