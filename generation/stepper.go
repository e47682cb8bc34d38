package generation

import (
	"euryale/layers/graph"
	"euryale/models"
)

// Stepper reads the tokens of B sequences side by side and predicts the token that follows
// each: the one thing that sampling, beam search and scores need of a model. Logits that it
// returns are valid until its next call. It is for one goroutine at a time.
type Stepper interface {
	// Begin empties sequence i and reads a prompt, and its source if the model has one. It
	// returns the logits (V) of what follows. Of a prompt longer than Room the end is read.
	Begin(i int, p Prompt) ([]float32, error)
	// BeginAll is Begin of several sequences, whose prompts it reads side by side. It returns
	// their logits, one after another.
	BeginAll(seqs []int, prompts []Prompt) ([]float32, error)
	// Step reads one token in each sequence, −1 in those that sit out, and returns the
	// logits (B·V) of what follows each. A sequence that is full drops all but the newer
	// half of its tokens first: what follows is as if the text had begun there.
	Step(ids []int) ([]float32, error)
	// Read reads T tokens in each sequence (B·T), −1 for padding, and returns the logits
	// (B·T·V) of what follows each token. If a sequence has no room for them, it returns a
	// *graph.FullError, and no sequence changes.
	Read(ids []int) ([]float32, error)
	// NLL returns the sum of the losses of targets, in nats, after tokens (B·T): T in each
	// sequence, −1 for padding and where there is no target. Where Room is 0 the sequences
	// continue with them; else each is scored by itself, T ≤ Room, and none is changed.
	NLL(tokens, targets []int) (float64, error)
	// Room returns the most tokens that a sequence holds, or 0 if there is no limit.
	Room() int
	// Len returns how many tokens sequence i holds.
	Len(i int) int
	// Truncate makes sequence i keep its first n tokens, and its source. A recurrent state
	// can only go back to nothing: any other n is an error.
	Truncate(i, n int) error
	// Copy makes sequence dst a copy of sequence src.
	Copy(dst, src int) error
	// Reorder makes each sequence i what sequence parents[i] was, all at once.
	Reorder(parents []int) error
}

// NewStepper returns a stepper of so many empty sequences: over the model's graph and
// weights, or, if it is a models.Predictor, over the model alone.
func NewStepper(m models.Model, w *graph.Weights, sequences int) (Stepper, error) {
	if p, ok := m.(models.Predictor); ok {
		return newHistories(p, sequences), nil
	}
	return newReader(m, w, sequences, nil)
}

// stepper returns the generator's own stepper of so many sequences, which it keeps. All
// over one graph share the reader of one sequence.
func (g *Generator) stepper(sequences int) (s Stepper, err error) {
	if s = g.steppers[sequences]; s != nil {
		return s, nil
	}
	if _, isPredictor := g.Model.(models.Predictor); isPredictor || sequences == 1 {
		s, err = NewStepper(g.Model, g.Weights, sequences)
	} else {
		var one Stepper
		if one, err = g.stepper(1); err == nil {
			s, err = newReader(g.Model, g.Weights, sequences, one.(*reader))
		}
	}
	if err != nil {
		return nil, err
	}
	if g.steppers == nil {
		g.steppers = map[int]Stepper{}
	}
	g.steppers[sequences] = s
	return s, nil
}

// start begins a sequence with each prompt, and returns the logits of what follows them.
func (g *Generator) start(prompts []Prompt, settings Settings) (Stepper, []float32, error) {
	s, err := g.decoder(settings, len(prompts))
	if err != nil {
		return nil, nil, err
	}
	seqs := make([]int, len(prompts))
	for i := range seqs {
		seqs[i] = i
	}
	logits, err := s.BeginAll(seqs, prompts)
	return s, logits, err
}
