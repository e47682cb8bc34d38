// Package baseline answers examples without a trained network: by the first words of the source, by the
// answer to the most similar source of the training part, by the source itself, and by n-grams of
// training answers with the source's words. A model should be better than these. One, the oracle, knows
// the reference, and says how much the source's own sentences can reach.
package baseline
