package generation

import (
	"errors"
	"slices"
)

// guided is a Stepper of B sequences that reads each twice, after its prompt and after what remains of the
// prompt without its text, and moves the logits away from the latter: classifier-free guidance (Sanchez et
// al. 2023, https://arxiv.org/abs/2306.17806, equation 7). Its logits are scale·l + (1 − scale)·l′, with l
// those after the prompt and l′ those without it. What a text would say without the prompt becomes less
// likely with a scale above 1.
type guided struct {
	both   Stepper // of 2·B sequences: B after the prompts, B without them
	b      int
	scale  float32
	logits []float32
}

// errScores says that scores are the model's own.
var errScores = errors.New("guidance and ensembles change how tokens are chosen, and texts are scored by one model alone")

// decoder returns a stepper of so many sequences with the ensemble of the generator and the guidance of the settings.
func (g *Generator) decoder(s Settings, sequences int) (Stepper, error) {
	if !s.guides() {
		return g.together(sequences)
	}
	both, err := g.together(2 * sequences)
	if err != nil {
		return nil, err
	}
	return &guided{both: both, b: sequences, scale: float32(s.Guidance)}, nil
}

// guides reports whether guidance is on.
func (s Settings) guides() bool { return s.Guidance != 0 && s.Guidance != 1 }

// withoutText is the prompt without what the user wrote: its last token, which the answer follows, and the
// end of its source.
func (p Prompt) withoutText() Prompt {
	return Prompt{Tokens: p.Tokens[len(p.Tokens)-1:], Source: p.Source[max(0, len(p.Source)-1):]}
}

// twice returns the numbers of all sequences of the stepper that are numbers i of its own.
func (g *guided) twice(seqs []int) []int {
	all := slices.Clone(seqs)
	for _, i := range seqs {
		all = append(all, i+g.b)
	}
	return all
}

// mix returns the logits of n rows with the prompt, which n rows without it follow.
func (g *guided) mix(both []float32) []float32 {
	n := len(both) / 2
	g.logits = slices.Grow(g.logits[:0], n)[:n]
	with, without := both[:n], both[n:]
	for i, l := range with {
		g.logits[i] = without[i] + g.scale*(l-without[i])
	}
	return g.logits
}

// Begin empties sequence i and reads a prompt.
func (g *guided) Begin(i int, p Prompt) ([]float32, error) {
	return g.BeginAll([]int{i}, []Prompt{p})
}

// BeginAll empties sequences and reads their prompts.
func (g *guided) BeginAll(seqs []int, prompts []Prompt) ([]float32, error) {
	all := slices.Clone(prompts)
	for _, p := range prompts {
		all = append(all, p.withoutText())
	}
	logits, err := g.both.BeginAll(g.twice(seqs), all)
	if err != nil {
		return nil, err
	}
	return g.mix(logits), nil
}

// Step reads one token in each sequence.
func (g *guided) Step(ids []int) ([]float32, error) {
	logits, err := g.both.Step(slices.Concat(ids, ids))
	if err != nil {
		return nil, err
	}
	return g.mix(logits), nil
}

// Read reads several tokens in each sequence.
func (g *guided) Read(ids []int) ([]float32, error) {
	logits, err := g.both.Read(slices.Concat(ids, ids))
	if err != nil {
		return nil, err
	}
	return g.mix(logits), nil
}

// NLL returns an error.
func (g *guided) NLL(_, _ []int) (float64, error) { return 0, errScores }

// Room returns the most tokens that a sequence holds.
func (g *guided) Room() int { return g.both.Room() }

// Len returns how many tokens sequence i holds.
func (g *guided) Len(i int) int { return g.both.Len(i) }

// Truncate makes sequence i keep its first n tokens.
func (g *guided) Truncate(i, n int) error {
	drop := g.both.Len(i) - n
	if err := dropLast(g.both, i, drop); err != nil {
		return err
	}
	return dropLast(g.both, i+g.b, drop)
}

// Copy makes sequence dst a copy of sequence src.
func (g *guided) Copy(dst, src int) error {
	if err := g.both.Copy(dst, src); err != nil {
		return err
	}
	return g.both.Copy(dst+g.b, src+g.b)
}

// Reorder makes each sequence i what sequence parents[i] was.
func (g *guided) Reorder(parents []int) error { return g.both.Reorder(g.twice(parents)) }
