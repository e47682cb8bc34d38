// Package generation generates text with trained models: it reads prompts through a Stepper,
// samples tokens or searches with beams, computes the likelihood of given texts, and draws
// attention weights.
package generation
