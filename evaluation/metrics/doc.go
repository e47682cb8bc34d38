// Package metrics evaluates text: similarity to references (BLEU, chrF, ROUGE, exact match), diversity
// (distinct-n, repetition), copies of the training text, and likelihood under a model (perplexity,
// bits per byte and per character). All metrics support Chinese.
package metrics

import "fmt"

// checkPairs returns an error unless every hypothesis hyps[i] has at least one reference in refs[i].
func checkPairs(hyps []string, refs [][]string) error {
	if len(hyps) == 0 {
		return fmt.Errorf("metrics: no hypotheses to score")
	}
	if len(hyps) != len(refs) {
		return fmt.Errorf("metrics: %d hypotheses but %d lists of references", len(hyps), len(refs))
	}
	for i, r := range refs {
		if len(r) == 0 {
			return fmt.Errorf("metrics: hypothesis %d has no reference", i)
		}
	}
	return nil
}
