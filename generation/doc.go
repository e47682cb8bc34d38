// Package generation makes text with trained models: it reads prompts into a model's
// memory, draws tokens one by one, and says how likely a given text is.
package generation
