package models

// Predictor is a model without a graph and without weights: it learns by reading the
// training text once, and predicts each token from the tokens before it. Programs cannot
// be compiled from it; training and generation read it through these methods.
type Predictor interface {
	Model
	// Learn returns a copy of the model trained on the sequences that read passes to add,
	// one after another. Targets of −1 are not learned, and a token of −1 ends a sequence;
	// unless it is fresh, a sequence continues the one before it.
	Learn(read func(add func(tokens, targets []int, fresh bool) error) error) (Predictor, error)
	// LogProb returns the log-probability of a token after a history, in nats.
	LogProb(history []int, id int) (float64, error)
	// LogProbs writes the log-probability of every token after a history into out (V).
	LogProbs(history []int, out []float32) error
	// Describe returns a table of what the model has learned.
	Describe() string
	// Save writes what the model has learned to a file.
	Save(path string) error
	// Load returns a copy of the model with what Save wrote.
	Load(path string) (Predictor, error)
}
