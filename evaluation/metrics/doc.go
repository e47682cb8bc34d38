// Package metrics measures text: how near generated text comes to references (BLEU,
// chrF, ROUGE, exact match), how varied it is (distinct-n, repetition), how much of it is
// copied from the training text, and how probable a text is under a model (perplexity,
// bits per byte and per character). All of them know Chinese.
package metrics

import "fmt"

// checkPairs checks that every hypothesis has its references: refs[i] are those of
// hyps[i].
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
