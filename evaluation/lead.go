package evaluation

import (
	"math"
	"strings"

	"euryale/data"
	"euryale/evaluation/metrics"
)

// compareLead adds the baseline of summaries: ROUGE of the first words of each source, over the
// examples that were answered. There are as many words as a summary of the training part has on
// average.
func (m *Measured) compareLead(corpus *data.Corpus, refs [][]string) error {
	known, err := corpus.Examples("train")
	if err != nil {
		return err
	}
	words := 0
	for _, ex := range known {
		words += len(metrics.Words(ex.Reference))
	}
	n := max(1, int(math.Round(float64(words)/float64(max(1, len(known))))))
	var leads []string
	for _, s := range m.Samples {
		first := metrics.Words(s.Source)
		leads = append(leads, strings.Join(first[:min(n, len(first))], " "))
	}
	r, err := metrics.ROUGE(leads, refs)
	m.Report = append(m.Report, metrics.Report{{Name: "words_of_lead", Value: float64(n)}, {Name: "rouge_1_of_lead", Value: r.One},
		{Name: "rouge_2_of_lead", Value: r.Two}, {Name: "rouge_l_of_lead", Value: r.L}}...)
	return err
}
